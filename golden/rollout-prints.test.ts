import { expect, test } from "vitest";
import { applied, stateOf } from "../compiler/rollout/change.ts";
import { printsOf } from "../compiler/rollout/proof/prints.ts";
import type { View } from "../compiler/rollout/proof/view.ts";
import { includes } from "../lib/model/authorization.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { Decided } from "../lib/requests/decided/decided.ts";
import { Space } from "../lib/requests/space.ts";
import { emit } from "../targets/istio/emit/index.ts";
import { readMoment } from "../targets/istio/read/index.ts";
import { randomPair } from "./random/pair.ts";
import { random } from "./random/random.ts";

const seeds = Number(process.env["MESHWRIGHT_CASES"] ?? 5000) / 250;

/** Every mixture of both ends and of two states between them, with callers' proxies and callees' anywhere. */
const viewsOf = (seed: number): { readonly views: readonly View[]; readonly mesh: Mesh } => {
  const { before, after } = randomPair(seed, "same");
  const [from, to] = [stateOf(emit(before.mesh)), stateOf(emit(after.mesh))];
  const choices = random(seed);
  const mixed = () =>
    applied(
      from,
      [...new Set([...from.keys(), ...to.keys()])]
        .filter(() => choices.chance(50))
        .map((name) => ({ name, after: to.get(name) })),
    );
  const meshes = [from, to, mixed(), mixed()].map((state) => {
    const { value, diagnostics } = readMoment([...state.values()], after);
    if (value === undefined) throw new Error(JSON.stringify(diagnostics));
    return value;
  });
  const space = new Space(after.platform.pathNormalization);
  const views = meshes.flatMap((caller) =>
    meshes.map((callee) => ({ decided: new Decided(caller, space, callee), server: callee })),
  );
  return { views, mesh: meshes[1]! };
};

/** Callers of whom the same rules of any view speak. */
const whoOf = (views: readonly View[]): ((identity: string) => string) => {
  const rules = [...new Set(views.map(({ server }) => server))].flatMap(({ authorizations }) =>
    authorizations.flatMap((one) => one.rules),
  );
  return (identity) => rules.map(({ from }) => Number(includes(from, identity))).join("");
};

test("in views of one kind, callers of whom the same rules speak fare alike", () => {
  let shared = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { views, mesh } = viewsOf(seed);
    const { kinds, arrivals } = printsOf(views, { of: new Map(), numbers: new Map() });
    const who = whoOf(views);
    const identities = [...new Map(mesh.workloads.map(({ identity }) => [who(identity), identity])).keys()].map((key) =>
      mesh.workloads.filter(({ identity }) => who(identity) === key).map(({ identity }) => identity),
    );
    for (const { id, ports } of mesh.workloads)
      for (const { number } of ports) {
        const meanings = new Map<number, unknown>();
        for (const [index, { decided }] of views.entries()) {
          const meaning = decided.decisions.direct({ kind: "workload", workload: id }, number);
          const arrival = arrivals(id)[index]!;
          expect(meanings.get(arrival) ?? meaning, `seed ${seed}: ${id} ${number}`).toBe(meaning);
          meanings.set(arrival, meaning);
        }
      }
    for (const { host, ports } of mesh.destinations)
      for (const { number: port } of ports) {
        const meanings = new Map<string, unknown>();
        const isOne = (key: string, meaning: unknown): void => {
          if (meanings.has(key)) shared += 1;
          else meanings.set(key, meaning);
          expect(meaning, `seed ${seed}: ${key}`).toBe(meanings.get(key));
        };
        for (const [index, { decided }] of views.entries()) {
          const kind = kinds(host, port)[index]!;
          isOne(`direct ${host} ${port} ${kind}`, decided.decisions.direct({ kind: "destination", host }, port));
          const isKnown = decided.mesh.destinations.some(
            (one) => one.host === host && one.ports.some(({ number }) => number === port),
          );
          for (const [group, callers] of isKnown ? identities.entries() : [])
            for (const caller of callers.slice(0, 3)) {
              isOne(`routed ${host} ${port} ${kind} ${group}`, decided.decisions.routed(caller, host, port));
              isOne(`whole ${host} ${port} ${kind} ${group}`, decided.decisions.whole(caller, host, port));
            }
        }
      }
  }
  expect(shared).toBeGreaterThan(seeds * 100);
});
