import type { Mesh } from "../../lib/model/mesh.ts";
import type { Route } from "../../lib/model/route.ts";
import { pathTests, testsOf } from "../../lib/requests/conditions.ts";
import type { RequestTest } from "../../lib/requests/request-test.ts";

/** Every test that a mesh asks, so that they can be put in an order which keeps diagrams small. */
export const namedTests = (...meshes: readonly Mesh[]): Iterable<RequestTest> => {
  const tests: RequestTest[] = [{ of: "connection" }];
  const ask = (routes: readonly Route[]): void => {
    for (const { matches } of routes) for (const match of matches) tests.push(...testsOf(match));
  };
  for (const { destinations, gateways, authorizations } of meshes) {
    for (const { ports } of destinations) for (const { routes } of ports) ask(routes);
    for (const { listeners } of gateways)
      for (const { virtualHosts } of listeners) for (const { routes } of virtualHosts) ask(routes);
    for (const { rules } of authorizations)
      for (const { methods, paths } of rules) {
        if (methods !== "any") tests.push(...methods.map((value) => ({ of: "method", kind: "exact", value }) as const));
        if (paths !== "any") tests.push(...paths.flatMap(pathTests));
      }
  }
  return tests;
};
