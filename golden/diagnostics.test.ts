import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { syncedGraph } from "../cli/graph/sync.ts";
import { lower } from "../compiler/lower/index.ts";
import { compile } from "../compiler/pipeline.ts";
import { readSnapshot } from "../compiler/snapshot/read-snapshot.ts";
import { violations } from "../compiler/validate/index.ts";
import { catalog, type Code } from "../lib/diagnostics/catalog.ts";

const pages = join(import.meta.dirname, "..", "docs", "diagnostics");
const codes = Object.keys(catalog) as Code[];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshwright-pages-"));
  await writeFile(
    join(folder, "mesh.config.ts"),
    `import { mesh } from "meshwright";\n\nexport default mesh({ folders: { ".": ["shop", "old", "istio-system"] }, environments: ["production"], defaults: { mtls: "strict", access: "anyone" } });\n`,
  );
  const { diagnostics } = await syncedGraph(
    [join(pages, "example", "manifests.yaml")],
    { mesh: folder, namespace: "shop", subsetLabel: "version" },
    false,
  );
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
});

const compiledWith = async (module: string, text: string): ReturnType<typeof compile> => {
  const path = join(folder, module);
  const before = await readFile(path, "utf8").catch(() => undefined);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  try {
    return await compile(folder, { types: false });
  } finally {
    await (before === undefined ? rm(path) : writeFile(path, before));
  }
};

afterAll(() => rm(folder, { recursive: true, force: true }));

test("every code has a page that bears its name", async () => {
  for (const code of codes) {
    const page = await readFile(join(pages, `${code}.md`), "utf8").catch(() => undefined);
    expect(page, `docs/diagnostics/${code}.md`).toBeDefined();
    expect(page).toMatch(new RegExp(`^# ${code} ${catalog[code].name}\\n`));
    expect(page, `${code} shows what fails`).toMatch(/```/);
  }
});

test("every code is reported by something", async () => {
  const root = join(import.meta.dirname, "..");
  const sources = (
    await Promise.all(
      ["lib", "compiler", "cli", "targets"].map((name) =>
        readdir(join(root, name), { recursive: true, withFileTypes: true }),
      ),
    )
  )
    .flat()
    .filter(
      (entry) =>
        entry.isFile() &&
        entry.name.endsWith(".ts") &&
        !entry.name.includes(".test") &&
        !entry.parentPath.includes("catalog"),
    );
  const text = (await Promise.all(sources.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")))).join(
    "\n",
  );
  expect(codes.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});

test("every page is about a code that there is", async () => {
  const written = (await readdir(pages))
    .filter((name) => name.startsWith("MESH"))
    .map((name) => name.replace(".md", ""));
  expect(written.sort()).toEqual([...codes].sort());
});

test("what is said of other tools' checks names codes that there are", async () => {
  const named = (await readFile(join(pages, "peers.md"), "utf8")).match(/MESH\d{4}/g) ?? [];
  expect(named.filter((code) => !codes.includes(code as Code))).toEqual([]);
});

describe("the example of a page produces its code", () => {
  // What loading, manifests and output report has tests beside it: compiler/load, compiler/discover, cli.
  let around: readonly string[];
  beforeAll(async () => {
    const plain = `import { policy } from "meshwright";\nimport { alpha } from "#graph/shop";\n\nexport default policy(alpha, {});\n`;
    around = (await compiledWith("shop/example.ts", plain)).diagnostics.map(({ code }) => code);
  });
  const compiled = codes.filter((code) => /^MESH([123]|405)/.test(code));
  test.each(compiled)("%s", async (code) => {
    const page = await readFile(join(pages, `${code}.md`), "utf8");
    const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
    expect(example, "a fenced block of TypeScript").toBeDefined();
    const isConfig = example!.startsWith("// mesh.config.ts");
    const module = isConfig ? "mesh.config.ts" : join(code === "MESH3010" ? "old" : "shop", "example.ts");
    const { diagnostics } = await compiledWith(module, example!);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
    // What the manifests around it give occasion for is not the example's.
    if (code !== "MESH4054") expect(around).not.toContain(code);
  });
});

const exampleMesh = async () => {
  const snapshot = await readSnapshot(folder);
  if (snapshot.value === undefined) throw new Error("the example has no graph");
  const { graph, platform } = snapshot.value;
  const config = { folders: {}, defaults: { mtls: "strict", access: "anyone" } } as const;
  const { value } = lower({ config, policies: [], externals: [], ingresses: [] }, graph, platform);
  if (value === undefined) throw new Error("the example has no mesh");
  return { graph, mesh: value };
};

const library = `import { absent, allow, deny, external, ingress, policy, present, route, split } from "meshwright";
import * as shop from "#graph/shop";
import * as bank from "#graph/bank";
import { gateways } from "#graph/edge";
const { namespace } = shop;
const gateway = gateways.ingress;
`;
const codesOf = async (text: string): Promise<readonly string[]> =>
  (await compiledWith("shop/example.ts", `${library}export default ${text};\n`)).diagnostics.map(({ code }) => code);

describe("what a page does not show is reported as well", () => {
  test.each([
    [
      "MESH2004",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ to: shop.alpha }), route({ when: { path: "/a" }, to: shop.beta })] })`,
    ],
    [
      "MESH2005",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ to: shop.alpha, timeout: "1s", retries: { attempts: 1, perTry: "2s" } })] })`,
    ],
    [
      "MESH2009",
      `policy(shop.alpha, { routes: [route({ when: { withoutHeaders: { "X-User": "a", "x-user": "b" } }, to: shop.alpha.v1 })] })`,
    ],
    [
      "MESH2010",
      `policy(shop.alpha, { routes: [route({ when: { withoutHeaders: { "1": "a" } }, to: shop.alpha.v1 })] })`,
    ],
    ["MESH2011", `policy(shop.alpha, { routes: [route({ when: { withoutHeaders: { a: "" } }, to: shop.alpha.v1 })] })`],
    [
      "MESH2029",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ when: [{ path: "/" }, { headers: { A: "b" }, withoutHeaders: { a: "b" } }], to: shop.alpha })] })`,
    ],
    ["MESH2014", `policy(shop.alpha, { routes: [route({ to: shop.alpha, retries: { attempts: 101 } })] })`],
    ["MESH2015", `policy(shop.alpha, { routes: [route({ to: shop.alpha, retries: { attempts: 1, on: [520] } })] })`],
    ["MESH1010", `policy(shop.alpha, { routes: [route({ to: shop.alpha, timeout: "169h" })] })`],
    ["MESH2024", `policy(shop.alpha, { routes: [route({ when: { prefix: "/a/../b" }, to: shop.alpha.v1 })] })`],
    [
      "MESH3017",
      `policy(shop.alpha, { routes: [route({ when: { prefix: "/admin" }, respond: { status: 401 } })], deny: [deny({ from: "anyone", methods: ["GET"], paths: [{ prefix: "/admin" }] })] })`,
    ],
    ["MESH2030", `policy(shop.alpha, { routes: [route({ when: { path: "/a" }, respond: { status: 600 } })] })`],
    ["MESH2030", `policy(shop.alpha, { routes: [route({ when: { path: "/a" }, respond: { status: 200.5 } })] })`],
    [
      "MESH2033",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ respond: { status: 302 }, headers: { response: { add: { location: "/b" } } } })] })`,
    ],
    ["MESH3007", `policy(shop.workloads["store"], { deny: [deny({ from: "anyone", methods: ["GET"] })] })`],
    ["MESH3007", `policy(shop.workloads["nightly"], { deny: [deny({ from: "anyone", paths: ["/a"] })] })`],
    ["MESH3012", `policy(shop.alpha, { deny: [deny({ from: "anyone", methods: [] })] })`],
    [
      "MESH4051",
      `policy(shop.alpha, { allow: [allow({ from: { $kind: "subset", $service: "shop/alpha", $subset: "v9" } })] })`,
    ],
    ["MESH4057", `policy({ $kind: "tcp-service", $id: "shop/elsewhere" }, { allow: "anyone" })`],
    [
      "MESH4057",
      `policy(shop.alpha, { routes: [route({ to: { $kind: "service", $id: "shop/elsewhere", $subsets: [] } })] })`,
    ],
    [
      "MESH2019",
      `[ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ to: shop.alpha })] }), ingress({ $kind: "namespace", $id: "old" }, { gateway, port: 8000, hosts: ["a.example"], routes: [route({ to: shop.beta })] })]`,
    ],
    ["MESH4050", `policy({ $kind: "tcp-service", $id: "shop/alpha" }, { deny: [] })`],
    ["MESH4050", `policy({ $kind: "workload", $id: "edge/ingress" }, { mtls: "strict" })`],
    [
      "MESH4052",
      `policy(shop.alpha, { routes: [route({ to: { ...external(namespace, { host: "a.example", port: 80, tls: { port: 443 }, resolve: "dns" }), port: 81 } })] })`,
    ],
    ["MESH2022", `external(namespace, { host: "elsewhere.shop", port: 80, tls: { port: 443 }, resolve: "dns" })`],
    [
      "MESH2022",
      `external(namespace, { host: "a.example", port: 80, tls: { port: 443, sni: "a\\nb" }, resolve: "dns" })`,
    ],
    [
      "MESH2022",
      `external(namespace, { host: "${"a".repeat(64)}.example", port: 80, tls: { port: 443 }, resolve: "dns" })`,
    ],
    [
      "MESH2022",
      `external(namespace, { host: "a.example", port: 80, tls: { port: 443, sni: "${"a.".repeat(127)}b" }, resolve: "dns" })`,
    ],
    [
      "MESH2027",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ to: shop.alpha, headers: { response: { add: { a: "%".repeat(8193) } } } })] })`,
    ],
    [
      "MESH2023",
      `external(namespace, { host: "a.example", port: 80, tls: { port: 443 }, resolve: ["169.254.169.254"] })`,
    ],
    ["MESH2023", `external(namespace, { host: "a.example", port: 80, tls: { port: 443 }, resolve: ["::1"] })`],
    ["MESH2013", `policy(shop.alpha, { routes: [route({ when: { headers: { "x-a": "a\\nb" } }, to: shop.alpha })] })`],
    [
      "MESH2013",
      `policy(shop.alpha, { routes: [route({ when: { headers: { "x-a": { prefix: " a" } } }, to: shop.alpha })] })`,
    ],
  ])("%s: %s", async (code, text) => {
    expect(await codesOf(text)).toContain(code);
  });
});

test("a rule in the control plane's namespace that would be laid on other namespaces' workloads", async () => {
  const { graph, mesh } = await exampleMesh();
  const selector = {
    kind: "workloads" as const,
    namespace: mesh.platform.rootNamespace,
    labels: { app: "alpha" },
    workloads: [],
    name: "alpha",
  };
  const rule = { selector, mode: "disabled" as const, origin: { module: "a.ts", path: [] } };
  const intents = {
    config: { folders: {}, defaults: { mtls: "strict", access: "anyone" } },
    policies: [],
    externals: [],
    ingresses: [],
  } as const;
  const codesOfMesh = (of: typeof mesh) => violations({ ...intents, ...of, graph }).map(({ code }) => code);
  const around = codesOfMesh(mesh).filter((code) => code === "MESH4054").length;
  expect(codesOfMesh({ ...mesh, mtls: [...mesh.mtls, rule] }).filter((code) => code === "MESH4054")).toHaveLength(
    around + 1,
  );
});

describe("what only looks like it is not", () => {
  test.each([
    [
      "MESH2004",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ when: { path: "/a" }, to: shop.beta }), route({ to: shop.alpha })] })`,
    ],
    [
      "MESH2019",
      `[ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ to: shop.alpha })] }), ingress({ $kind: "namespace", $id: "old" }, { gateway, port: 80, hosts: ["b.example"], routes: [route({ to: shop.beta })] })]`,
    ],
    [
      "MESH2004",
      `policy(shop.alpha, { routes: [route({ when: { path: "/a" }, to: shop.alpha.v1 }), route({ when: { headers: { a: "b" }, withoutHeaders: { a: "b" } }, to: shop.alpha.v2 })] })`,
    ],
    [
      "MESH2004",
      `policy(shop.alpha, { routes: [route({ when: { headers: { a: "b" } }, to: shop.alpha.v1 }), route({ when: { withoutHeaders: { a: "b" } }, to: shop.alpha.v2 })] })`,
    ],
    [
      "MESH2009",
      `policy(shop.alpha, { routes: [route({ when: { headers: { a: { prefix: "b" } }, withoutHeaders: { a: "bc" } }, to: shop.alpha.v1 })] })`,
    ],
    [
      "MESH2029",
      `policy(shop.alpha, { routes: [route({ when: { headers: { a: { prefix: "b" }, c: present, d: absent }, withoutHeaders: { a: "bc", c: "d", d: "e" } }, to: shop.alpha.v1 })] })`,
    ],
    ["MESH2024", `policy(shop.alpha, { routes: [route({ when: { prefix: "/a%2fb" }, to: shop.alpha.v1 })] })`],
    ["MESH2024", `policy(shop.alpha, { routes: [route({ when: { path: "/a/" }, to: shop.alpha.v1 })] })`],
    [
      "MESH2033",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ respond: { status: 302 }, headers: { response: { set: { Location: "/b" } } } })] })`,
    ],
    [
      "MESH3017",
      `policy(shop.alpha, { routes: [route({ when: { prefix: "/admin" }, respond: { status: 403 } })], deny: [deny({ from: "anyone", paths: [{ prefix: "/admin" }] })] })`,
    ],
    [
      "MESH3017",
      `policy(shop.alpha, { routes: [route({ when: { path: "/admin" }, to: shop.alpha }), route({ when: { prefix: "/admin" }, respond: { status: 403 } })], allow: [allow({ from: "anyone", paths: ["/admin"] })] })`,
    ],
    [
      "MESH3017",
      `ingress(namespace, { gateway, port: 80, hosts: ["a.example"], routes: [route({ when: { prefix: "/admin" }, respond: { status: 403 } }), route({ to: shop.alpha })] })`,
    ],
    ["MESH3007", `policy(shop.workloads["mixed"], { deny: [deny({ from: "anyone", methods: ["GET"] })] })`],
    ["MESH3007", `policy(gateway, { deny: [deny({ from: "anyone", methods: ["GET"] })] })`],
    ["MESH3012", `policy(shop.alpha, { allow: [], deny: [] })`],
    ["MESH3013", `policy(shop.rolling, { mtls: "strict" })`],
    ["MESH3014", `policy(namespace, { mtls: "strict" })`],
    ["MESH4051", `policy(shop.alpha, { allow: [allow({ from: shop.rolling.v1 })] })`],
  ])("%s: %s", async (code, text) => {
    expect(await codesOf(text)).not.toContain(code);
  });
});
