import { libraryPrefix } from "./linking/import-target.ts";
import type { ProgramModule } from "./linking/program.ts";
import type { TaskModule } from "./sandbox/protocol.ts";

/** Modules as the sandbox takes them, by number instead of by name; they are numbered as they come. */
export const taskModules = (): ((module: ProgramModule) => TaskModule) => {
  const numbers = new Map<string, number>();
  return ({ module, code, isParsed, links }) => {
    numbers.set(module, numbers.size);
    const linked = [...links].map(([specifier, target]) => [specifier, numbers.get(target)!] as const);
    const ours = module.startsWith(libraryPrefix);
    return { code, isParsed, links: Object.fromEntries(linked), asked: !ours && !module.startsWith("graph/"), ours };
  };
};
