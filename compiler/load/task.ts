import { libraryPrefix } from "./linking/import-target.ts";
import { isStateless, type ProgramModule } from "./linking/program.ts";
import type { AheadModule, KnownModule, TaskModule } from "./sandbox/protocol.ts";

/** Modules that a sandbox has evaluated ahead of its task, by name, in the order of their numbers. */
export type Ahead = ReadonlyMap<string, ProgramModule>;

/** Modules as the sandbox takes them, by number instead of by name; they are numbered as they come. */
export const taskModules = (ahead: Ahead = new Map()): ((module: ProgramModule) => TaskModule | KnownModule) => {
  const numbers = new Map<string, number>();
  const known = numbersOf(ahead);
  /** By what is there already, if it is the same and so is all that it stands on. */
  const again = new Set<string>();
  return ({ module, code, isParsed, links }) => {
    numbers.set(module, numbers.size);
    if (ahead.get(module)?.code === code && [...links.values()].every((target) => again.has(target))) {
      again.add(module);
      return { known: known.get(module)! };
    }
    return { code, isParsed, links: numbered(links, numbers), asked: !isStateless(module), ours: isOurs(module) };
  };
};

/** The same for modules that are evaluated before there is a task. */
export const aheadModules = (ahead: Ahead): readonly AheadModule[] => {
  const numbers = numbersOf(ahead);
  return [...ahead.values()].map(({ module, code, links }) => ({
    ahead: true,
    code,
    links: numbered(links, numbers),
    ours: isOurs(module),
  }));
};

const numbersOf = (ahead: Ahead): ReadonlyMap<string, number> =>
  new Map([...ahead.keys()].map((module, number) => [module, number]));

const isOurs = (module: string): boolean => module.startsWith(libraryPrefix);

const numbered = (
  links: ProgramModule["links"],
  numbers: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> =>
  Object.fromEntries([...links].map(([specifier, target]) => [specifier, numbers.get(target)!]));
