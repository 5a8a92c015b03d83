import { expect, test } from "vitest";
import type { HeaderEdits } from "../../../lib/intent/index.ts";
import type { Subject } from "../law.ts";
import { headerEditsAreFew, headerEditsAreShort } from "./header-edits-fit-proxies.ts";

/** What is wrong with the edits of one route, in a policy and in an ingress. */
const found = (edits: HeaderEdits): readonly string[] => {
  const routes = [{ kind: "route", headers: { request: { remove: ["x"] }, response: edits } }];
  const subject = {
    policies: [{ intent: { intent: { routes } }, origin: { module: "a.ts", path: [] } }],
    ingresses: [{ intent: { routes }, origin: { module: "b.ts", path: [] } }],
    graph: {},
  } as unknown as Subject;
  return [headerEditsAreShort, headerEditsAreFew].flatMap((law) =>
    law(subject).map(({ code, place }) => `${code} ${JSON.stringify(place)}`),
  );
};
const numbered = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "v"]));

test("a header's value is as long as Envoy takes it, in bytes and with each `%` twice", () => {
  expect(found({ set: { x: "a".repeat(16_384), y: "%".repeat(8192) } })).toEqual([]);
  for (const value of ["a".repeat(16_385), "%".repeat(8193), "é".repeat(8193)])
    expect(found({ add: { x: value } })).toEqual([
      expect.stringMatching(/^MESH2027 .*a\.ts.*"headers","response","add","x"/),
      expect.stringMatching(/^MESH2027 .*b\.ts/),
    ]);
});

test("a header's name is as long as Envoy takes it", () => {
  expect(found({ set: { ["x".repeat(16_384)]: "v" } })).toEqual([]);
  expect(found({ set: { ["x".repeat(16_385)]: "v" } })).toHaveLength(2);
});

test("a route writes as many headers as Envoy takes; what it removes is not counted", () => {
  const { set, add } = { set: numbered(600), add: { a: "v" } };
  expect(found({ set, add, remove: Object.keys(numbered(2000)) })).toEqual([]);
  expect(found({ set: numbered(1000) })).toEqual([]);
  expect(found({ set: numbered(1000), add })).toEqual([
    expect.stringMatching(/^MESH2028 .*"headers","response"\]/),
    expect.stringMatching(/^MESH2028/),
  ]);
});
