import { expect, test } from "vitest";
import type { Intents } from "../compiler/lower/intents.ts";
import { resolved, type Compiled } from "../compiler/resolved.ts";
import { shared } from "../compiler/shared.ts";
import type { RandomMesh } from "./random/mesh.ts";
import { randomPair } from "./random/pair.ts";

const seeds = Number(process.env["MESHWRIGHT_CASES"] ?? 5000) / 50;

interface Module {
  readonly module: string;
  readonly value: unknown;
}

/** The modules that would say these intents. */
const modulesOf = ({ policies, externals, ingresses }: Intents): readonly Module[] =>
  [...Map.groupBy([...policies, ...externals, ...ingresses], ({ origin }) => origin.module)]
    .map(([module, said]) => ({ module, value: said.map(({ intent }) => intent) }))
    .sort((a, b) => (a.module < b.module ? -1 : 1));

const edited = (before: readonly Module[], after: readonly Module[]): readonly Module[] => {
  const known = new Map(before.map((module) => [module.module, module]));
  return after.map((module) => shared(known.get(module.module), module));
};

const loaded = (config: unknown, modules: readonly Module[]) => ({ config, modules, environments: [] });

const snapshot = ({ graph, platform }: Pick<RandomMesh, "graph" | "platform">) => ({
  graph,
  platform,
  options: { namespace: "default", subsetLabel: "version" },
});

/** Without a memory: no object was seen before. */
const anew = (mesh: RandomMesh) =>
  resolved(
    structuredClone(loaded(mesh.intents.config, modulesOf(mesh.intents))),
    structuredClone(snapshot(mesh)),
    undefined,
  );

test("a mesh that was edited comes out as if it had been compiled for the first time, and so does its undoing", () => {
  let refused = 0;
  let changed = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { before, after } = randomPair(seed, "same");
    let modules = modulesOf(before.intents);
    let compiled: Compiled | undefined;
    for (const step of [before, after, before, after]) {
      modules = edited(modules, modulesOf(structuredClone(step.intents)));
      const again = resolved(loaded(step.intents.config, modules), snapshot(before), undefined, compiled);
      const first = anew(step);
      expect(again.diagnostics, `seed ${seed}`).toEqual(first.diagnostics);
      expect(again.value?.mesh, `seed ${seed}`).toEqual(first.value?.mesh);
      if (again.value === undefined) refused += 1;
      if (compiled && again.value && compiled.mesh !== again.value.mesh) changed += 1;
      compiled = again.value ?? compiled;
    }
  }
  expect(refused).toBeGreaterThan(0);
  expect(changed).toBeGreaterThan(seeds / 10);
});

test("what nobody edited stays the same object", () => {
  // Some random meshes are refused by a law.
  const before = Array.from({ length: 50 }, (_, seed) => randomPair(seed + 1, "same").before).find(
    (mesh) => anew(mesh).value !== undefined,
  )!;
  const modules = modulesOf(before.intents);
  const first = resolved(loaded(before.intents.config, modules), snapshot(before), undefined);
  const again = edited(modules, modulesOf(structuredClone(before.intents)));
  const second = resolved(loaded(before.intents.config, again), snapshot(before), undefined, first.value);
  expect(first.value).toBeDefined();
  expect(second.value?.mesh).toBe(first.value?.mesh);
});
