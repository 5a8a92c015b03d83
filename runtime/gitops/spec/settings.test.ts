import { expect, test } from "vitest";
import { definition } from "../../../install/source/definition.ts";
import { defaults, durationBounds, durationWithin, settingsOf } from "./settings.ts";
import { refuseElsewhere } from "./token-origins.ts";

const spec = {
  source: { url: "https://git.invalid/mesh", branch: "release", path: "policies" },
  environment: "production",
  interval: "90s",
  types: false,
  istiod: ["http://istiod.istio-system:15014"],
  settleTimeout: "5m",
  settle: "1.5s",
  consent: { empty: true, unsafe: false, adopt: true },
};

test("a MeshSync says everything", () => {
  expect(settingsOf({}, spec)).toEqual({
    repository: "https://git.invalid/mesh",
    branch: "release",
    path: "policies",
    environment: "production",
    types: false,
    intervalMs: 90_000,
    istiod: ["http://istiod.istio-system:15014/"],
    settleMs: 1500,
    settleTimeoutMs: 300_000,
    consent: { empty: true, unsafe: false, adopt: true },
  });
});

test("flags go before it, and what neither says is as the definition has it", () => {
  expect(settingsOf({ branch: "main", types: false, intervalMs: 1000 }, spec)).toMatchObject({
    branch: "main",
    types: false,
    intervalMs: 1000,
    path: "policies",
  });
  const unsaid = settingsOf({}, { source: { url: "https://git.invalid/mesh" } });
  const { properties } = definition.spec.versions[0]!.schema.openAPIV3Schema.properties.spec;
  expect([unsaid.branch, unsaid.path, unsaid.types]).toEqual([
    properties.source.properties.branch.default,
    properties.source.properties.path.default,
    properties.types.default,
  ]);
  for (const name of ["interval", "settle", "settleTimeout"] as const) {
    expect(properties[name].default).toBe(defaults[name]);
    expect(unsaid[`${name}Ms`]).toBe(durationWithin(name, defaults[name]));
  }
});

test("what fits the definition and cannot be used is named, and not repeated", () => {
  const cases: readonly (readonly [field: string, spec: unknown])[] = [
    ["spec.interval", { ...spec, interval: "0ms" }],
    ["spec.interval", { ...spec, interval: "999999999d" }],
    ["spec.settle", { ...spec, settle: "90m" }],
    ["spec.settleTimeout", { ...spec, settleTimeout: "1ms" }],
    ["spec.istiod[1]", { ...spec, istiod: [...spec.istiod, "http://:15014"] }],
    ["spec.istiod[0]", { ...spec, istiod: ["http://secret:secret@istiod:15014"] }],
    ["spec.types", { ...spec, types: "secret" }],
    ["spec.source", { ...spec, source: "secret" }],
  ];
  for (const [field, wrong] of cases)
    expect(() => settingsOf({}, wrong), field).toThrow(
      expect.objectContaining({ stage: "Fetched", reason: "InvalidSpec", message: expect.stringContaining(field) }),
    );
  for (const [, wrong] of cases)
    expect(() => settingsOf({}, wrong)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    );
});

test("every duration has a timer that can wait for it", () => {
  for (const [, most] of Object.values(durationBounds)) expect(most).toBeLessThan(2 ** 31);
});

test("a token is for its origins: scheme, host and port", () => {
  const origins = { flag: "--token-for", origins: ["https://git.invalid"] };
  refuseElsewhere("spec.source.url", "https://git.invalid/shop/mesh", origins);
  for (const address of [
    "http://git.invalid/shop/mesh",
    "https://git.invalid:8443/shop/mesh",
    "https://git.invalid.example/shop/mesh",
    "https://example/git.invalid",
  ])
    expect(() => refuseElsewhere("spec.source.url", address, origins), address).toThrow("--token-for");
  expect(() => refuseElsewhere("spec.source.url", "https://git.invalid/", { ...origins, origins: [] })).toThrow(
    "for no origin yet",
  );
});
