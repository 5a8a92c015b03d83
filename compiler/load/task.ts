import { libraryPrefix } from "./import-target.ts";
import type { ProgramModule } from "./program.ts";
import type { Limits } from "./sandbox/limits.ts";
import type { Task, ValuePath } from "./sandbox/protocol.ts";

export interface TaskOptions {
  readonly asked: ReadonlySet<string>;
  readonly environment: string | undefined;
  readonly limits: Limits;
  readonly paths?: readonly ValuePath[];
}

/** A program as the sandbox takes it: modules by number instead of by name. */
export const task = (modules: readonly ProgramModule[], { asked, environment, limits, paths }: TaskOptions): Task => {
  const index = new Map(modules.map(({ module }, at) => [module, at]));
  const imported = new Set(modules.flatMap(({ links }) => [...links.values()]));
  return {
    environment,
    largestResult: limits.resultMegabytes * 1e6,
    modules: modules.map(({ module, code, links }) => ({
      module,
      code,
      links: Object.fromEntries([...links].map(([specifier, target]) => [specifier, index.get(target)!])),
      asked: asked.has(module),
      shared: imported.has(module) || module.startsWith(libraryPrefix),
    })),
    ...(paths && { locate: { paths } }),
  };
};
