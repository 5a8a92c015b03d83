import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Ajv as AjvClass } from "ajv";
import { describe, expect, test } from "vitest";
import { randomMesh } from "../../golden/random/mesh.ts";
import { capturedPlacement, loopbackPlacement } from "../../golden/random/placement.ts";
import type { ProxyConfig } from "./config.ts";
import { configViolations } from "./config-shape.ts";
import { native } from "./index.ts";

const { Ajv } = createRequire(import.meta.url)("ajv") as {
  readonly Ajv: new (options: { readonly strict: true; readonly strictRequired: false }) => AjvClass;
};
const repository = join(import.meta.dirname, "..", "..");
const schema = JSON.parse(readFileSync(join(repository, "docs", "proxy-config.schema.json"), "utf8")) as object;
const goldens = readdirSync(join(repository, "golden", "greeter"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith("proxy.json"))
  .map((path) => JSON.parse(readFileSync(join(repository, "golden", "greeter", path), "utf8")) as ProxyConfig);
const random = Array.from({ length: 30 }, (_, seed) => randomMesh(seed)).flatMap(({ graph, mesh }) =>
  [capturedPlacement(graph), loopbackPlacement(mesh)].flatMap((placement) =>
    native.emit(mesh, placement).map(({ config }) => JSON.parse(JSON.stringify(config)) as ProxyConfig),
  ),
);

test("what is told has the published shape: of the example, and of random meshes", () => {
  const valid = new Ajv({ strict: true, strictRequired: false }).compile(schema);
  expect(goldens.length).toBe(3);
  for (const config of [...goldens, ...random]) {
    expect(valid(config), JSON.stringify(valid.errors)).toBe(true);
    expect(configViolations(config)).toEqual([]);
  }
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every object below a value. */
const objects = (value: Json): readonly { [key: string]: Json }[] => {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(objects);
  return Array.isArray(value) ? inner : [value, ...inner];
};

const richest = random.toSorted((a, b) => JSON.stringify(b).length - JSON.stringify(a).length)[0]!;

test("nothing else may stand anywhere", () => {
  const whole = JSON.parse(JSON.stringify(richest)) as Json;
  const all = objects(whole);
  expect(all.length).toBeGreaterThan(100);
  for (const one of all) {
    one["unheard of"] = null;
    expect(configViolations(whole)).not.toEqual([]);
    delete one["unheard of"];
  }
  expect(configViolations(whole)).toEqual([]);
});

test("no value may be of another kind", () => {
  const whole = JSON.parse(JSON.stringify(richest)) as Json;
  for (const one of objects(whole))
    for (const [key, value] of Object.entries(one)) {
      one[key] = typeof value === "object" ? "elsewhere" : { of: "another kind" };
      expect(configViolations(whole), `${key}: ${JSON.stringify(value)}`).not.toEqual([]);
      one[key] = value;
    }
});

describe("a violation names its place", () => {
  const caller = goldens.find(({ workload }) => workload === "greeter/caller");
  const greeter = goldens.find(({ workload }) => workload === "greeter/greeter-v1");
  test.each([
    ["another version", { ...caller, version: 2 }, "/version: must be equal to constant"],
    ["no list", { ...caller, listeners: "none" }, "/listeners: must be array"],
    ["a property of nobody", { ...caller, extra: 1 }, ": must NOT have additional properties (extra)"],
    ["no object at all", undefined, ": must be object"],
  ])("%s", (_, config, violation) => expect(configViolations(config)).toEqual([violation]));

  const planted = (config: ProxyConfig | undefined, from: string | RegExp, to: string): readonly string[] =>
    configViolations(JSON.parse(JSON.stringify(config).replace(from, to)));

  test("a second listener at one address and port", () =>
    expect(configViolations({ ...greeter, listeners: [...greeter!.listeners, ...greeter!.listeners] })).toEqual([
      "/listeners/1: another listener has this address and port",
    ]));
  test("a route that is not there", () =>
    expect(planted(caller, '"route":0', '"route":7')).toEqual([
      "/listeners/0/hosts/virtualHosts/0/paths: there is no route 7",
    ]));
  test("a virtual host that is not there", () =>
    expect(planted(caller, '"greeter.greeter":0', '"greeter.greeter":7')).toEqual([
      "/listeners/0/hosts: greeter.greeter leads to virtual host 7, which is not there",
    ]));
  test("sums that do not grow", () =>
    expect(planted(caller, '"upTo":900000', '"upTo":1000000')).toEqual([
      "/listeners/0/hosts/virtualHosts/0/routes/0/split: the sums do not grow",
    ]));
  test("a node that is not there", () =>
    expect(planted(greeter, '"authenticated":0', '"authenticated":9')).toEqual([
      "/listeners/0/access/deny: there is no node 9",
    ]));
  test("edges that begin alike", () =>
    expect(planted(caller, '"paths":{', '"paths":{"next":{"/a":{"under":[]},"/b":{"under":[]}},')).toEqual([
      "/listeners/0/hosts/virtualHosts/0/paths: two edges begin alike, or one is empty",
    ]));
});

test("times are what a clock can count, and numbers are finite", () => {
  const config = random.find((one) => JSON.stringify(one).includes('"timeout":'));
  const text = JSON.stringify(config);
  const violations = (written: string) =>
    configViolations(JSON.parse(text.replace(/"timeout":(?:"none"|[0-9.]+)/, `"timeout":${written}`)));
  expect(violations("2147483647")).toEqual([]);
  for (const bad of ["2147483648", "3e9", "1e999", "-1"]) expect(violations(bad), bad).toHaveLength(1);
  expect(configViolations(JSON.parse(text.replace(/"port":\d+/, '"port":1e999')))).toHaveLength(1);
  expect(
    configViolations(JSON.parse(text.replace(/"attempts":\d+|"upTo":\d+/, (said) => said.replace(/\d+/, "1e999")))),
  ).toHaveLength(1);
});
