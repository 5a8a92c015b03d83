import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { discover, type DiscoverOptions } from "./index.ts";
import { deploymentText, discovered, documents, namespaceText, serviceText, underlined } from "./fixture.ts";

const folder = () => mkdtemp(join(tmpdir(), "meshwright-"));
const from = async (
  root: string,
  inputs: readonly string[],
  options: DiscoverOptions = {},
  standardInput: AsyncIterable<Uint8Array> = chunks(),
) => discover(inputs, options, { folder: root, standardInput });
async function* chunks(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
const codesOf = ({ diagnostics }: { readonly diagnostics: readonly { readonly code: string }[] }) =>
  diagnostics.map(({ code }) => code).filter((code) => code !== "MESH4018" && code !== "MESH4026");

const reviews = documents(
  serviceText({ name: "reviews" }),
  deploymentText({ name: "reviews-v1", labels: { app: "reviews", version: "v1" } }),
  deploymentText({ name: "reviews-v2", labels: { app: "reviews", version: "v2" } }),
);

test("a service knows its workloads, and a subset for each version among them", () => {
  const [service] = discovered(reviews).value?.graph.services ?? [];
  expect(service?.workloads).toEqual(["shop/reviews-v1", "shop/reviews-v2"]);
  expect(service?.subsets).toEqual([
    { name: "v1", labels: { version: "v1" }, workloads: ["shop/reviews-v1"] },
    { name: "v2", labels: { version: "v2" }, workloads: ["shop/reviews-v2"] },
  ]);
});

test("another label can tell subsets apart, and values that are no names get one", () => {
  const text = documents(
    serviceText({ name: "a" }),
    deploymentText({ name: "a", labels: { app: "a", track: "Canary_2.0" } }),
  );
  const subsets = (subsetLabel?: string) => discovered(text, { subsetLabel }).value?.graph.services[0]?.subsets;
  expect(subsets("track")).toEqual([{ name: "canary-2-0", labels: { track: "Canary_2.0" }, workloads: ["shop/a"] }]);
  expect(subsets()).toEqual([]);
});

test("the order of documents and files changes nothing", () => {
  const parts = [
    ...reviews.split("\n---\n"),
    namespaceText("shop", { b: "1", a: "2" }),
    serviceText({ name: "b", namespace: "other" }),
  ];
  const graph = (texts: readonly string[]) => JSON.stringify(discovered(documents(...texts)).value?.graph);
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
      expect(graph(shuffled)).toBe(graph(parts));
    }),
  );
});

test("a selector does not reach into another namespace", () => {
  const text = documents(serviceText({ name: "a", namespace: "one" }), deploymentText({ name: "a", namespace: "two" }));
  expect(discovered(text).codes).toEqual(["MESH4016"]);
});

test("a pod may stand behind two services", () => {
  const text = documents(
    serviceText({ name: "a" }),
    serviceText({ name: "b", spec: { selector: { app: "a" } } }),
    deploymentText({ name: "a" }),
  );
  expect(discovered(text).value?.graph.services.map(({ workloads }) => workloads)).toEqual([["shop/a"], ["shop/a"]]);
  expect(discovered(text).codes).toEqual([]);
});

test("kinds of services", () => {
  const kind = (spec: Readonly<Record<string, unknown>>) =>
    discovered(documents(serviceText({ name: "a", spec }), deploymentText({ name: "a" }))).value?.graph.services[0]
      ?.kind;
  expect(kind({})).toBe("cluster");
  expect(kind({ clusterIP: "None" })).toBe("headless");
  expect(kind({ selector: undefined })).toBe("unselected");
  expect(kind({ type: "ExternalName", externalName: "example.com", ports: undefined })).toBe("external-name");
});

test("pods of every kind of workload are found", () => {
  const template = { metadata: { labels: { app: "x" } }, spec: { containers: [], serviceAccountName: "runner" } };
  const of = (kind: string, apiVersion: string, spec: unknown) =>
    JSON.stringify({ apiVersion, kind, metadata: { name: kind.toLowerCase(), labels: { app: "x" } }, spec });
  const text = documents(
    ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map((kind) => of(kind, "apps/v1", { template })),
    of("Job", "batch/v1", { template }),
    of("CronJob", "batch/v1", { jobTemplate: { spec: { template } } }),
    of("Pod", "v1", template.spec),
  );
  const workloads = discovered(text).value?.graph.workloads ?? [];
  expect(workloads.map(({ kind }) => kind).sort()).toEqual([
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "ReplicaSet",
    "StatefulSet",
  ]);
  expect(new Set(workloads.map(({ serviceAccount, labels }) => `${serviceAccount} ${labels["app"]}`))).toEqual(
    new Set(["runner x"]),
  );
});

test("what a controller made is left to the controller", () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a-5d4-x", ownerReferences: [{ kind: "ReplicaSet", name: "a-5d4" }] },
    spec: { containers: [] },
  };
  const { value } = discovered(documents(deploymentText({ name: "a" }), JSON.stringify(pod)));
  expect(value?.graph.workloads.map(({ name }) => name)).toEqual(["a"]);
  expect(value?.ignored).toEqual(new Map([["Pod of a controller", 1]]));
});

test("lists are their items, and kinds of other groups are only counted", () => {
  const items = [
    JSON.parse(deploymentText({ name: "a" })),
    { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name: "k" } },
  ];
  const { value } = discovered(JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  expect(value?.graph.workloads.map(({ name }) => name)).toEqual(["a"]);
  expect(value?.graph.services).toEqual([]);
  expect(value?.ignored).toEqual(new Map([["Service", 1]]));
});

test("an object without a namespace is in the one that was asked for", () => {
  const text = `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n---\n${deploymentText({ name: "a" }).replace('"namespace":"shop"', '"namespace":null')}`;
  expect(discovered(text).value?.graph.workloads[0]?.namespace).toBe("default");
  expect(discovered(text, { namespace: "x" }).value?.graph.workloads[0]?.namespace).toBe("x");
});

test("ports that the proxy leaves alone", () => {
  const excluded = (annotations: Readonly<Record<string, string>>) => {
    const full = Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`traffic.sidecar.istio.io/${key}`, value]),
    );
    const pod = deploymentText({
      name: "a",
      annotations: full,
      spec: { containers: [{ name: "app", ports: [{ containerPort: 9000 }, { containerPort: 9001 }] }] },
    });
    const { value, codes } = discovered(
      documents(serviceText({ name: "a", spec: { ports: [{ name: "http", port: 80, targetPort: 9002 }] } }), pod),
    );
    return value
      ? [value.graph.workloads[0]?.excludedPorts.inbound, value.graph.workloads[0]?.excludedPorts.outbound]
      : codes;
  };
  expect(excluded({})).toEqual([[], []]);
  expect(excluded({ excludeInboundPorts: "9001, 22", excludeOutboundPorts: "3306" })).toEqual([[22, 9001], [3306]]);
  expect(excluded({ includeInboundPorts: "9000" })).toEqual([[9001, 9002], []]);
  expect(excluded({ includeInboundPorts: "" })).toEqual([[9000, 9001, 9002], []]);
  expect(excluded({ includeInboundPorts: "*" })).toEqual([[], []]);
  expect(excluded({ excludeInboundPorts: "http" })).toEqual(["MESH4009"]);
});

test("a named target port is looked up in the workloads", () => {
  const pod = (name: string, number: number) =>
    deploymentText({
      name: `a-${number}`,
      labels: { app: "a" },
      spec: { containers: [{ name: "app", ports: [{ name, containerPort: number }] }] },
    });
  const service = serviceText({ name: "a", spec: { ports: [{ name: "http", port: 80, targetPort: "web" }] } });
  expect(discovered(documents(service, pod("web", 9000))).codes).toEqual([]);
  expect(discovered(documents(service, pod("other", 9000))).codes).toEqual(["MESH4013"]);
  expect(discovered(documents(service, pod("web", 9000), pod("web", 9001))).codes).toEqual(["MESH4013"]);
});

test("a port that says nothing is reported with what to write, where it stands", () => {
  const text =
    "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  selector: {app: a}\n  ports:\n    - {port: 80}\n";
  const found = discovered(text).diagnostics.find(({ code }) => code === "MESH4014")!;
  expect(underlined(text, found)).toBe("80");
  expect(found.fix).toContain("appProtocol: http");
});

const malformed: readonly (readonly [string, string, string])[] = [
  ["a spec that is text", "spec: oops", "oops"],
  ["ports that are no list", "spec: {ports: {a: 1}}", "{a: 1}"],
  ["a port that is no number", "spec: {ports: [{port: http}]}", "http"],
  ["a port out of range", "spec: {ports: [{port: 65536}]}", "65536"],
  ["a port with a fraction", "spec: {ports: [{port: 1.5}]}", "1.5"],
  ["a port in a list of text", "spec: {ports: [http]}", "http"],
  ["a label that is a number", "spec: {selector: {version: 1.0}, ports: [{port: 80}]}", "1.0"],
  ["a label that YAML 1.1 takes for a truth value", "spec: {selector: {version: yes}, ports: [{port: 80}]}", "yes"],
  ["a target port that is a number in quotes", 'spec: {ports: [{port: 80, targetPort: "8080"}]}', '"8080"'],
  ["a transport that is none", "spec: {ports: [{port: 80, protocol: HTTP}]}", "HTTP"],
  ["a type that is a list", "spec: {type: [a], ports: [{port: 80}]}", "[a]"],
  ["two ports with one number", "spec: {ports: [{name: a, port: 80}, {name: b, port: 80}]}", "80"],
];

test.for(malformed)("refuses %s and underlines it", ([, spec, place]) => {
  const text = `apiVersion: v1\nkind: Service\nmetadata: {name: a}\n${spec}\n`;
  const { value, diagnostics } = discovered(text);
  expect(value).toBeUndefined();
  const found = diagnostics.filter(({ severity }) => severity === "error");
  expect(found.map(({ code }) => code)).toEqual(["MESH4009"]);
  expect(underlined(text, found[0]!)).toBe(place);
});

test.for(["Reviews", "re_views", "-a", "a.b", "a".repeat(64), "../x", "a\u001b[2J", "__proto__"])(
  "refuses %j as the name of a service",
  (name) => {
    expect(
      discovered(
        JSON.stringify({
          apiVersion: "v1",
          kind: "Service",
          metadata: { name },
          spec: { selector: { a: "b" }, ports: [{ port: 80 }] },
        }),
      ).codes,
    ).toContain("MESH4010");
  },
);

test("two objects of one name are refused with both places", () => {
  const text = documents(serviceText({ name: "a" }), serviceText({ name: "a" }));
  const found = discovered(text).diagnostics.find(({ code }) => code === "MESH4011");
  expect(found?.place).toMatchObject({ span: { line: 3 } });
  expect(found?.related?.[0]?.place).toMatchObject({ span: { line: 1 } });
});

test("one run tells of every mistake", () => {
  const text = documents(serviceText({ name: "A" }), serviceText({ name: "b", spec: { ports: "x" } }), "kind: Pod");
  expect(discovered(text).codes).toEqual(["MESH4010", "MESH4008", "MESH4009", "MESH4016"]);
});

test("reads folders below folders, files and standard input, each file once", async () => {
  const root = await folder();
  await mkdir(join(root, "k/deep/.hidden"), { recursive: true });
  await writeFile(join(root, "k/a.yaml"), deploymentText({ name: "a" }));
  await writeFile(join(root, "k/deep/b.json"), deploymentText({ name: "b" }));
  await writeFile(join(root, "k/deep/.hidden/c.yaml"), "{");
  await writeFile(join(root, "k/notes.txt"), "{");
  await writeFile(join(root, "k/values.yaml"), "replicas: 3");
  await symlink(join(root, "k/a.yaml"), join(root, "k/again.yaml"));
  await symlink(join(root, "k"), join(root, "k/deep/loop"));
  const { value } = await from(
    root,
    ["k", "k/a.yaml", "-"],
    {},
    chunks(deploymentText({ name: "c" }).slice(0, 20), deploymentText({ name: "c" }).slice(20)),
  );
  expect(value?.graph.workloads.map(({ name, source }) => `${name} ${source}`)).toEqual([
    "a k/a.yaml",
    "b k/deep/b.json",
    "c <stdin>",
  ]);
  expect(value?.ignored).toEqual(new Map([["document that is no object", 1]]));
});

test("a source outside of the current folder is named the same on every machine", async () => {
  const [root, elsewhere] = [await folder(), await folder()];
  await mkdir(join(elsewhere, "k/deep"), { recursive: true });
  await writeFile(join(elsewhere, "k/deep/a.yaml"), deploymentText({ name: "a" }));
  const sources = async (input: string) =>
    (await from(root, [input])).value?.graph.workloads.map(({ source }) => source);
  expect(await sources(join(elsewhere, "k"))).toEqual(["k/deep/a.yaml"]);
  expect(await sources(join(elsewhere, "k/deep/a.yaml"))).toEqual(["a.yaml"]);
});

test("inputs that cannot be read, or hold nothing, end in a diagnostic", async () => {
  const root = await folder();
  await writeFile(join(root, "empty.yaml"), "");
  await writeFile(join(root, "latin1.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
  await symlink(join(root, "loop.yaml"), join(root, "loop.yaml"));
  expect(codesOf(await from(root, ["missing"]))).toEqual(["MESH4001"]);
  expect(codesOf(await from(root, ["loop.yaml"]))).toEqual(["MESH4001"]);
  expect(codesOf(await from(root, ["empty.yaml"]))).toEqual(["MESH4007"]);
  expect(codesOf(await from(root, ["-"]))).toEqual(["MESH4007"]);
  expect(codesOf(await from(root, ["latin1.yaml"]))).toEqual(["MESH4002"]);
});

test("an endless input is refused, not read", async () => {
  async function* endless(): AsyncIterable<Uint8Array> {
    for (;;) yield Buffer.alloc(1 << 20, 97);
  }
  expect(codesOf(await from(await folder(), ["-"], {}, endless()))).toEqual(["MESH4006"]);
});

test("whatever a manifest holds, the answer is a graph or an error, never a throw", () => {
  const leaf = fc.oneof(
    fc.constantFrom("a", "http", "TCP", "true", "None", "", "A_b"),
    fc.integer({ min: -1, max: 70_000 }),
    fc.boolean(),
    fc.constant(null),
  );
  const value = fc.letrec<{ readonly tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom("name", "ports", "port", "metadata", "labels", "spec", "template", "containers", "selector"),
        tie("tree"),
      ),
    ),
  })).tree;
  const kinds = fc.constantFrom(
    "Service v1",
    "Pod v1",
    "Deployment apps/v1",
    "CronJob batch/v1",
    "Namespace v1",
    "ConfigMap v1",
    "List v1",
  );
  fc.assert(
    fc.property(kinds, value, value, value, (kindAndVersion, metadata, spec, data) => {
      const [kind, apiVersion] = kindAndVersion.split(" ");
      const { value: found, diagnostics } = discovered(
        JSON.stringify({ apiVersion, kind, metadata, spec, data, items: data }),
      );
      expect(found === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
    }),
    { numRuns: 1000 },
  );
});
