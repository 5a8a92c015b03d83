import { expect, test } from "vitest";
import { defaultPlatform } from "../../../lib/graph/platform.ts";
import { resourceNode, type Reading } from "./reading.ts";
import { routesOf } from "./routes.ts";

/** What routes of Envoy's mean, and where one says what a mesh cannot hold. */
const read = (...routes: readonly object[]) => {
  const reading: Reading = {
    graph: { namespaces: [], services: [], workloads: [] },
    platform: defaultPlatform,
    placement: { instances: {}, addresses: {} },
    diagnostics: [],
  };
  const found = routesOf(resourceNode("shop/a", "routes", "80", routes), reading, () => {});
  return { routes: found, unreadable: reading.diagnostics.map(({ message }) => /`(.*)`/.exec(message)?.[1]) };
};
const matching = (...headers: readonly object[]) =>
  read({ match: { prefix: "/", headers }, route: { cluster: "outbound|80||b.example" } });
const conditions = (...headers: readonly object[]) => {
  const { routes, unreadable } = matching(...headers);
  return unreadable.length > 0 ? unreadable : routes[0]?.matches[0]?.headers;
};
const is = (value: string, more: object = {}) => ({ name: "X", stringMatch: { exact: value }, ...more });
const inverted = { invertMatch: true };
const withMissing = { invertMatch: true, treatMissingHeaderAsEmpty: true };

test("another value is one that is there, unless what is missing is taken for an empty one", () => {
  const not = { name: "x", kind: "not-exact", value: "a" };
  expect(conditions(is("a", withMissing))).toEqual([not]);
  expect(conditions(is("a", inverted))).toEqual([not, { name: "x", kind: "present" }]);
  expect(conditions(is("a", inverted), { name: "x", stringMatch: { prefix: "b" } })).toEqual([
    not,
    { name: "x", kind: "prefix", value: "b" },
  ]);
  expect(conditions({ name: "x", presentMatch: true, invertMatch: true })).toEqual([{ name: "x", kind: "absent" }]);
});

test("one header may be excluded several times, and asked for once", () => {
  expect(conditions(is("b", withMissing), is("a", withMissing))).toEqual([
    { name: "x", kind: "not-exact", value: "a" },
    { name: "x", kind: "not-exact", value: "b" },
  ]);
  expect(conditions(is("a"), is("b"))).toEqual(["/0/match/headers"]);
});

test("nothing at all is as good as an empty value only where it is said so, which a mesh cannot hold", () => {
  expect(conditions(is("", withMissing))).toEqual(["/0/match/headers/0"]);
  expect(conditions(is("a", { treatMissingHeaderAsEmpty: true }))).toEqual([{ name: "x", kind: "exact", value: "a" }]);
});

test("a route that responds has no limit, no retries and nobody behind it", () => {
  const match = { prefix: "/" };
  const { routes, unreadable } = read(
    { match, directResponse: { status: 503, body: { inlineString: "back at noon" } } },
    { match, directResponse: { status: 204 } },
  );
  expect(unreadable).toEqual([]);
  expect(routes).toMatchObject([
    { backends: [], directResponse: { status: 503, body: "back at noon" }, timeout: "none", retries: "none" },
    { backends: [], directResponse: { status: 204, body: "" } },
  ]);
  expect(read({ match, directResponse: { status: 200, body: { filename: "/etc/motd" } } }).unreadable).toEqual([
    "/0/directResponse/body/filename",
  ]);
});
