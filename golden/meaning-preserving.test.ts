import { expect, test } from "vitest";
import { meshChanges } from "../compiler/diff/index.ts";
import { nothingChanges } from "../compiler/diff/words/summary.ts";
import type { Intents } from "../compiler/lower/intents.ts";
import { matchesSet } from "../lib/requests/conditions.ts";
import { Space } from "../lib/requests/space.ts";
import { allow, type Policy, type Route, type ServicePolicy } from "../lib/intent/index.ts";
import { lowered, randomMesh, type RandomMesh } from "./random/mesh.ts";
import { randomPair } from "./random/pair.ts";

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

/** The same graph under other intents. */
const remade = (of: RandomMesh, intents: Intents) => {
  const { value } = lowered(intents, of.graph, of.platform);
  if (value === undefined) throw new Error(`seed ${of.seed} does not lower`);
  return { mesh: value, intents };
};

const policiesOf = (
  of: RandomMesh,
  edit: (policy: Policy) => Policy,
  rename = (module: string) => module,
): Intents => ({
  ...of.intents,
  policies: of.intents.policies.map(({ intent, origin }) => ({
    intent: edit(intent),
    origin: { ...origin, module: rename(origin.module) },
  })),
});

test("a mesh compared with itself is no change in meaning", () => {
  for (const seed of seeds) {
    const { mesh, intents } = randomMesh(seed);
    expect(meshChanges({ mesh, intents }, { mesh, intents })).toEqual({ summary: [nothingChanges], changes: [] });
  }
});

test("renamed files are no change in meaning", () => {
  for (const seed of seeds) {
    const of = randomMesh(seed);
    const renamed = remade(
      of,
      policiesOf(
        of,
        (policy) => policy,
        (module) => `moved/${module}`,
      ),
    );
    expect(meshChanges(of, renamed).summary, `seed ${seed}`).toEqual([nothingChanges]);
  }
});

test("policies and grants in another order are no change in meaning", () => {
  for (const seed of seeds) {
    const of = randomMesh(seed);
    const reversed = policiesOf(of, (policy) => {
      const { allow: granted, deny, uses } = policy.intent as ServicePolicy;
      return {
        ...policy,
        intent: {
          ...policy.intent,
          ...(Array.isArray(granted) && { allow: [...granted].reverse() }),
          ...(deny && { deny: [...deny].reverse() }),
          ...(uses && { uses: [...uses].reverse() }),
        },
      } as Policy;
    });
    const after = remade(of, { ...reversed, policies: [...reversed.policies].reverse() });
    expect(meshChanges(of, after).summary, `seed ${seed}`).toEqual([nothingChanges]);
  }
});

test("one grant of two methods, split into two grants, is no change in meaning", () => {
  let split = 0;
  for (const seed of seeds) {
    const of = randomMesh(seed);
    const after = policiesOf(of, (policy) => {
      const { allow: granted } = policy.intent as ServicePolicy;
      if (!Array.isArray(granted)) return policy;
      const grants = granted.flatMap((grant) => {
        if (grant.methods === undefined || grant.methods.length < 2) return [grant];
        split += 1;
        return grant.methods.map((method: never) => allow({ ...grant, methods: [method] } as never));
      });
      return { ...policy, intent: { ...policy.intent, allow: grants } } as Policy;
    });
    expect(meshChanges(of, remade(of, after)).summary, `seed ${seed}`).toEqual([nothingChanges]);
  }
  expect(split).toBeGreaterThan(10);
});

/** Neighbours of which no request is in both: in either order they say the same. */
const swapped = (routes: readonly Route[], of: RandomMesh): readonly Route[] | undefined => {
  const space = new Space(of.platform.pathNormalization);
  const made = remade(
    of,
    policiesOf(of, (policy) => policy),
  ).mesh;
  for (const { ports } of made.destinations)
    for (const { routes: lowerings } of ports)
      for (let index = 0; index + 1 < routes.length; index += 1) {
        const [a, b] = [routes[index], routes[index + 1]].map((route) =>
          lowerings.find(
            ({ origin }) => origin.path.at(-1) === routes.indexOf(route!) && origin.path.at(-2) === "routes",
          ),
        );
        if (a === undefined || b === undefined) continue;
        const both = space.diagrams.and(matchesSet(a.matches, space.diagrams), matchesSet(b.matches, space.diagrams));
        if (space.isEmpty(both)) return routes.toSpliced(index, 2, routes[index + 1]!, routes[index]!);
      }
  return undefined;
};

test("independent routes in another order are no change in meaning", () => {
  let moved = 0;
  for (const seed of Array.from({ length: 200 }, (_, index) => index + 1)) {
    const of = randomMesh(seed);
    for (const { intent } of of.intents.policies) {
      const { routes } = intent.intent as ServicePolicy;
      // One policy alone, so that the lowered routes are its own.
      const alone: RandomMesh = {
        ...of,
        intents: {
          ...of.intents,
          policies: of.intents.policies.filter((other) => other.intent === intent),
          ingresses: [],
        },
      };
      const order = routes && routes.length > 1 ? swapped(routes, alone) : undefined;
      if (order === undefined) continue;
      moved += 1;
      const after = policiesOf(of, (policy) =>
        policy === intent ? ({ ...policy, intent: { ...policy.intent, routes: order } } as Policy) : policy,
      );
      expect(meshChanges(of, remade(of, after)).summary, `seed ${seed}, ${intent.about.$id}`).toEqual([nothingChanges]);
    }
  }
  expect(moved).toBeGreaterThan(10);
});

test("what takes more than it is worth is called unproved, and gates can refuse it", () => {
  const { before, after } = randomPair(5, "same");
  const { summary, changes } = meshChanges(before, after, { cap: 200 });
  expect(changes.some(({ risks }) => risks.includes("unproved"))).toBe(true);
  expect(summary.join()).toContain("inconclusive");
});
