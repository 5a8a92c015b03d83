import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { deploymentText, documents, namespaceText, serviceText } from "../compiler/discover/fixture.ts";

const program = fileURLToPath(new URL("./mesh-compile.ts", import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const run = (cwd: string, args: readonly string[], { input = "", shell = "" } = {}): Promise<Ran> => {
  const command = [process.execPath, program, "graph", ...args];
  // A shell sets limits that Node cannot set for itself.
  const child =
    shell === ""
      ? spawn(command[0]!, command.slice(1), { cwd })
      : spawn("sh", ["-c", `${shell}; exec "$@"`, "sh", ...command], { cwd });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  child.stdin.end(input);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
};

const shop = [
  namespaceText("shop", { "istio-injection": "enabled" }),
  serviceText({ name: "reviews" }),
  deploymentText({
    name: "reviews-v1",
    labels: { app: "reviews", version: "v1" },
    spec: { serviceAccountName: "reviews" },
  }),
  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: ''}",
];

const place = async (...texts: readonly string[]): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-"));
  await mkdir(join(folder, "manifests"));
  await writeFile(join(folder, "manifests/all.yaml"), documents(...(texts.length > 0 ? texts : shop)));
  return folder;
};
const contents = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const names = await readdir(join(folder, "graph")).catch(() => []);
  return Object.fromEntries(
    await Promise.all(names.sort().map(async (name) => [name, await readFile(join(folder, "graph", name), "utf8")])),
  );
};
const left = async (folder: string) => (await readdir(folder)).filter((name) => name !== "manifests").sort();

test("sync writes the graph, check finds it current, show prints it", async () => {
  const folder = await place();
  const synced = await run(folder, ["sync", "manifests"]);
  expect(synced).toEqual({
    code: 0,
    out: "graph written: 1 service and 1 workload in 1 namespace\nignored: 1 ConfigMap\n".replace(
      "ignored: 1 ConfigMap\n",
      "",
    ),
    err: "",
  });
  expect(Object.keys(await contents(folder))).toEqual(["platform.json", "shop.ts", "snapshot.json"]);
  expect(await left(folder)).toEqual(["graph"]);
  expect(await run(folder, ["sync", "--check", "manifests"])).toEqual({
    code: 0,
    out: "graph says what the manifests say\n",
    err: "",
  });
  expect((await run(folder, ["show"])).out).toBe(`shop
  SERVICE  PORTS    SUBSETS  WORKLOADS
  reviews  80 http  v1       reviews-v1

  WORKLOAD    KIND        ACCOUNT  PROXY
  reviews-v1  Deployment  reviews  sidecar
`);
  const shown = JSON.parse((await run(folder, ["show", "--json"])).out);
  expect(shown.graph.services[0].name).toBe("reviews");
  expect(shown.platform.trustDomain).toBe("cluster.local");
});

test("syncing twice writes nothing the second time", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  expect((await run(folder, ["sync", "manifests"])).out).toContain("up to date");
});

test("a stale graph exits with 2 and says what is different, without writing", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const before = await contents(folder);
  await writeFile(join(folder, "manifests/more.yaml"), serviceText({ name: "ratings" }));
  await writeFile(join(folder, "manifests/all.yaml"), documents(...shop).replace('"port":80', '"port":81'));
  const checked = await run(folder, ["sync", "--check", "manifests"]);
  expect(checked.code).toBe(2);
  expect(checked.err).toContain("service shop/ratings is new, service shop/reviews is changed and shop.ts differs");
  expect(await contents(folder)).toEqual(before);
  expect((await run(folder, ["sync", "--check", "--subset-label", "track", "manifests"])).err).toContain(
    "other options",
  );
});

test("a moved manifest is not a stale graph, a damaged handle is", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const piped = await run(folder, ["sync", "--check", "-"], {
    input: await readFile(join(folder, "manifests/all.yaml"), "utf8"),
  });
  expect(piped.code).toBe(0);
  await writeFile(join(folder, "graph/shop.ts"), `${await readFile(join(folder, "graph/shop.ts"), "utf8")}\n`);
  expect((await run(folder, ["sync", "--check", "manifests"])).code).toBe(2);
});

test("handles of a namespace that is gone are removed", async () => {
  const folder = await place(...shop, deploymentText({ name: "x", namespace: "other" }));
  await run(folder, ["sync", "manifests"]);
  expect(Object.keys(await contents(folder))).toContain("other.ts");
  await writeFile(join(folder, "manifests/all.yaml"), documents(...shop));
  expect((await run(folder, ["sync", "manifests"])).out).toContain("workload other/x is gone");
  expect(Object.keys(await contents(folder))).not.toContain("other.ts");
});

test("the same manifests make the same bytes, in any order and by any way", async () => {
  const [a, b] = [await place(), await place(...shop.toReversed())];
  await run(a, ["sync", "manifests/all.yaml"]);
  await run(b, ["sync", "manifests"]);
  expect(await contents(b)).toEqual(await contents(a));
});

test("errors in the inputs exit with 1, underlined, and write nothing", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const before = await contents(folder);
  await writeFile(
    join(folder, "manifests/bad.yaml"),
    "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: oops\n",
  );
  const { code, out, err } = await run(folder, ["sync", "manifests"]);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain(
    'error MESH4009: `spec` of Service default/a must be a mapping, not the text "oops"\n --> manifests/bad.yaml:4:7\n  |\n4 | spec: oops\n  |       ^^^^\n',
  );
  expect(await contents(folder)).toEqual(before);
});

test("as JSON, diagnostics are an array on standard output and nothing else is", async () => {
  const folder = await place(...shop, "kind: Oops");
  const { code, out, err } = await run(folder, ["sync", "--format", "json", "manifests"]);
  expect({ code, err }).toEqual({ code: 1, err: "" });
  expect(JSON.parse(out).map((found: { readonly code: string }) => found.code)).toEqual(["MESH4008"]);
});

test.for([["sync"], ["sync", "--namespace", "Not_One", "m"], ["sync", "--format", "xml", "m"], ["show", "--jsn"]])(
  "wrong arguments exit with 1: %j",
  async (args) => {
    const folder = await place();
    expect((await run(folder, args)).code).toBe(1);
    expect(await left(folder)).toEqual([]);
  },
);

test("a file that somebody wrote is never replaced or removed", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  await writeFile(join(folder, "graph/mine.ts"), "export const mine = 1;\n");
  const before = await contents(folder);
  await writeFile(join(folder, "manifests/more.yaml"), serviceText({ name: "ratings" }));
  const { code, err } = await run(folder, ["sync", "manifests"]);
  expect(code).toBe(1);
  expect(err).toContain("MESH4033: graph/mine.ts");
  expect(await contents(folder)).toEqual(before);
  expect(await left(folder)).toEqual(["graph"]);
});

test("a snapshot from a newer version is neither shown nor overwritten", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const path = join(folder, "graph/snapshot.json");
  await writeFile(path, (await readFile(path, "utf8")).replace('"version": 1', '"version": 2'));
  const before = await contents(folder);
  for (const args of [["show"], ["sync", "manifests"], ["sync", "--check", "manifests"]]) {
    const { code, err } = await run(folder, args);
    expect(code).toBe(1);
    expect(err).toContain("MESH4031");
    expect(err).toContain("upgrade");
  }
  expect(await contents(folder)).toEqual(before);
});

test("a damaged snapshot is healed by the next sync", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const before = await contents(folder);
  await writeFile(join(folder, "graph/snapshot.json"), before["snapshot.json"]!.slice(0, 300));
  expect((await run(folder, ["show"])).code).toBe(1);
  expect((await run(folder, ["sync", "--check", "manifests"])).code).toBe(1);
  expect((await run(folder, ["sync", "manifests"])).code).toBe(0);
  expect(await contents(folder)).toEqual(before);
});

test("a folder inside of a mesh gets no graph of its own", async () => {
  const folder = await place();
  await writeFile(join(folder, "mesh.config.ts"), "");
  await mkdir(join(folder, "shop"));
  const { code, err } = await run(folder, ["sync", "--mesh", "shop", "manifests"]);
  expect([code, err.includes("MESH0002")]).toEqual([1, true]);
  expect(await left(join(folder, "shop"))).toEqual([]);
});

test("a folder that cannot be written is an error that leaves it as it was", async () => {
  const folder = await place();
  const { code, err } = await run(folder, ["sync", "--mesh", "/proc/self", "manifests"]);
  expect(code).toBe(1);
  expect(err).toContain("MESH4034");
  expect((await run(folder, ["sync", "--mesh", "nowhere", "manifests"])).err).toContain("no such folder");
  await writeFile(join(folder, "graph"), "a file");
  expect((await run(folder, ["sync", "manifests"])).code).toBe(1);
  expect(await readFile(join(folder, "graph"), "utf8")).toBe("a file");
});

test("a disk that fills half-way leaves the old graph whole", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const before = await contents(folder);
  const many = Array.from({ length: 40 }, (_, index) => serviceText({ name: `more-${index}` }));
  await writeFile(join(folder, "manifests/more.yaml"), documents(...many));
  // Files end at 8 blocks: as on a full disk, the write fails after some of it was written.
  const { code, err } = await run(folder, ["sync", "manifests"], { shell: "trap '' XFSZ; ulimit -f 8" });
  expect(code).toBe(1);
  expect(err).toContain("MESH4034");
  expect(await contents(folder)).toEqual(before);
  expect(await left(folder)).toEqual(["graph"]);
});

test("killed at any moment, it leaves the old graph or the new one, and the next run ends the work", async () => {
  const folder = await place();
  await run(folder, ["sync", "manifests"]);
  const old = await contents(folder);
  await writeFile(
    join(folder, "manifests/more.yaml"),
    documents(...Array.from({ length: 200 }, (_, index) => deploymentText({ name: "x", namespace: `ns-${index}` }))),
  );
  const whole = await place();
  await symlink(join(folder, "manifests/more.yaml"), join(whole, "manifests/more.yaml"));
  await run(whole, ["sync", "manifests"]);
  const now = JSON.stringify(await contents(whole));
  for (let round = 0; round < 5; round += 1) {
    const child = spawn(process.execPath, [program, "graph", "sync", "manifests"], { cwd: folder, stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("close", resolve));
    // Until it stages something, nothing could go wrong; then kill it a little later each time.
    while (child.exitCode === null && !(await readdir(folder)).some((name) => name.endsWith(".new")))
      await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, round * 15));
    child.kill("SIGKILL");
    await ended;
    const found = await contents(folder);
    const retired = (await left(folder)).includes(".graph.old");
    if (Object.keys(found).length === 0) expect(retired).toBe(true);
    else expect([JSON.stringify(old), now]).toContain(JSON.stringify(found));
  }
  expect((await run(folder, ["sync", "manifests"])).code).toBe(0);
  expect(Object.keys(await contents(folder))).toHaveLength(203);
  await rm(folder, { recursive: true });
});
