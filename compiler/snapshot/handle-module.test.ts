import { execFile } from "node:child_process";
import { mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { deploymentText, discovered, documents, serviceText } from "../discover/fixture.ts";
import { handleModule } from "./handle-module.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const awkward = [
  "reviews",
  "default",
  "workloads",
  "namespace",
  "gateways",
  "await",
  "enum",
  "undefined",
  "global-this",
  "then",
  "arguments",
  "1st",
  "a--b",
  "a-1",
  "constructor",
  "to-string",
  "string",
  "type",
  "async",
  "require",
  "exports",
  "module",
  "of",
];

const text = documents(
  ...awkward.map((name) => serviceText({ name })),
  serviceText({ name: "db", spec: { ports: [{ name: "mysql", port: 3306 }] } }),
  serviceText({
    name: "edge",
    spec: {
      ports: [
        { name: "https", port: 443 },
        { name: "http2", port: 80 },
      ],
    },
  }),
  deploymentText({ name: "reviews.v1", labels: { app: "reviews", version: "v1" } }),
  deploymentText({ name: "reviews-2", labels: { app: "reviews", version: "2" } }),
  deploymentText({ name: "reviews-c", labels: { app: "reviews", version: "constructor" } }),
  deploymentText({ name: "edge", annotations: { "inject.istio.io/templates": "gateway" } }),
);
const module = () => handleModule("shop", discovered(text).value!.graph);

test("exports a handle for every service, workload and gateway, with its type", () => {
  expect(module()).toContain('export const reviews: HttpServiceHandle<"2" | "constructor" | "v1"> = {');
  expect(module()).toContain('export const db: TcpServiceHandle = { $kind: "tcp-service", $id: "shop/db" };');
  expect(module()).toContain('  readonly "reviews.v1": WorkloadHandle;');
  expect(module()).toContain('  "edge": { $kind: "gateway", $id: "shop/edge", $ports: [80, 443] },');
});

test("the editor shows what a service is", () => {
  expect(module()).toContain('/** edge: 80 "http2" http2, 443 "https" https; workload edge. */');
});

test("checks against the library's types, in a mesh folder with every strictness", async () => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "shop.ts"), module().replace('from "meshwright"', 'from "library"'));
  await writeFile(
    join(folder, "policy.ts"),
    [
      'import { gateways, namespace, reviews, workloads } from "./shop.ts";',
      'export const ids: string[] = [reviews.v1.$subset, reviews[2].$subset, reviews.constructor.$subset, namespace.$id, gateways.edge.$id, workloads["reviews-2"].$id];',
      "// @ts-expect-error a subset that does not exist",
      "reviews.v9;",
      "// @ts-expect-error a workload that does not exist",
      "workloads.nobody;",
      "",
    ].join("\n"),
  );
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "esnext",
        module: "nodenext",
        strict: true,
        noUnusedLocals: true,
        isolatedDeclarations: true,
        declaration: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        types: [],
        paths: { library: [join(root, "lib/intent/handles.ts")] },
      },
      include: ["*.ts"],
    }),
  );
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const tsc = fileURLToPath(new URL("../../node_modules/@typescript/native/bin/tsc", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder, "--pretty", "false"]).catch(
    (error: { readonly stdout: string }) => error,
  );
  expect(stdout).toBe("");
});

test("says the same whatever order the graph was found in", () => {
  const reversed = documents(...text.split("\n---\n").reverse());
  expect(handleModule("shop", discovered(reversed).value!.graph)).toBe(module());
});
