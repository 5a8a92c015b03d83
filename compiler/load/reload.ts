import { lstatSync } from "node:fs";
import { join } from "node:path";
import { sandboxAhead } from "./evaluate.ts";
import { distinct, evaluation, limitsFor, type Loaded, type LoadOptions } from "./evaluated.ts";
import { isStateless, type Program } from "./linking/program.ts";
import { shared } from "../shared.ts";
import type { MeshFolder } from "./mesh-folder.ts";
import type { Ahead } from "./task.ts";

/** What a load leaves behind for the next one: what was said, and who imports whom. */
export interface LoadMemory {
  readonly mesh: MeshFolder;
  readonly loaded: Loaded;
  readonly links: ReadonlyMap<string, ReadonlySet<string>>;
  /** What the next evaluation will stand on if it is like this one. */
  readonly ahead: Ahead;
}

export const loadMemory = (mesh: MeshFolder, loaded: Loaded, { modules, stateless }: Program): LoadMemory => ({
  mesh,
  loaded,
  links: new Map(modules.map(({ module, links }) => [module, new Set(links.values())])),
  // Whose policy is edited next nobody knows, and all handles are many.
  ahead: first(stateless),
});

/** Each takes about a millisecond. After the library come the handles that the first policies stand on. */
const mostAhead = 32;

const first = (stateless: Program["stateless"]): Ahead => new Map([...stateless].slice(0, mostAhead));

/** Has a process ready that needs to evaluate little more than what was edited. */
export const readyToReload = (
  { mesh, ahead }: LoadMemory,
  { environment, limits }: Pick<LoadOptions, "environment" | "limits">,
): void => sandboxAhead({ environment }, limitsFor(mesh, limits), ahead);

/**
 * The same mesh folder after some policies changed, by evaluating those alone. Undefined where that could come out otherwise
 * than evaluating all of it, or where something is wrong: then it is to be loaded anew.
 *
 * INVARIANT: a module is evaluated alone only if nobody imports it and it imports nothing but the library and generated
 * handles, before and after the change. Those hold no state, so neither can it have changed what others say, nor they it.
 */
export const reloaded = async (
  { mesh, loaded, links, ahead }: LoadMemory,
  changed: ReadonlySet<string>,
  options: Pick<LoadOptions, "environment" | "limits">,
): Promise<LoadMemory | undefined> => {
  const imported = new Set([...links.values()].flatMap((targets) => [...targets]));
  const isApart = (module: string): boolean =>
    mesh.policies.includes(module) && !imported.has(module) && isLone(module, links) && isFile(mesh, module);
  if (![...changed].every(isApart)) return undefined;
  const { value, program, diagnostics } = await evaluation(mesh, options, [...changed]);
  if (value === undefined || diagnostics.length > 0) return undefined;
  const linked = new Map(program.modules.map(({ module, links: targets }) => [module, new Set(targets.values())]));
  if (![...changed].every((module) => isLone(module, linked))) return undefined;
  const before = new Map(loaded.modules.map((module) => [module.module, module]));
  const said = value.modules.map((module) => shared(before.get(module.module), module));
  const kept = loaded.modules.filter(({ module }) => !changed.has(module));
  return {
    mesh,
    loaded: {
      config: loaded.config,
      modules: [...kept, ...said].sort((a, b) => (a.module < b.module ? -1 : 1)),
      environments: distinct([
        ...loaded.environments.filter(({ module }) => !linked.has(module)),
        ...value.environments,
      ]),
    },
    links: new Map([...links, ...linked]),
    // The next edit is likely to be where this one was; of a change to no policy nothing follows.
    ahead: program.stateless.size === 0 ? ahead : first(program.stateless),
  };
};

/** A handle that somebody edited may import what has state. */
const isLone = (module: string, links: ReadonlyMap<string, ReadonlySet<string>>): boolean => {
  const reached = new Set(links.get(module) ?? []);
  // A set that grows while it is walked is walked to its end.
  for (const target of reached) for (const next of links.get(target) ?? []) reached.add(next);
  return links.has(module) && [...reached].every(isStateless);
};

const isFile = ({ root }: MeshFolder, module: string): boolean =>
  lstatSync(join(root, module), { throwIfNoEntry: false })?.isFile() === true;
