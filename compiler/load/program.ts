import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import { spanIn } from "../../lib/diagnostics/span.ts";
import { importTarget, libraryModule, libraryPrefix, type Known } from "./import-target.ts";
import { libraryText } from "./library.ts";
import { linkable, type Linkable } from "./linkable.ts";
import { configModule, reasonOf, type MeshFolder } from "./mesh-folder.ts";
import { printed, type Instrument } from "./printed.ts";
import { refusedSyntax } from "./refused-syntax.ts";
import { stripped } from "./stripped.ts";
import { sourceFile, typescript, type TypeScript } from "./syntax.ts";

/** One module, ready to be evaluated. */
export interface ProgramModule extends Linkable {
  /** Relative to the mesh folder; `meshwright:` names a module of our own library. */
  readonly module: string;
  readonly text: string;
  /** By specifier. */
  readonly links: ReadonlyMap<string, string>;
  /** Present where positions had to move: a source map from the code's second line on. */
  readonly map?: string;
}

/** Modules by name, each after those that it imports. */
export interface Program {
  readonly modules: readonly ProgramModule[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ProgramOptions {
  /** Where to begin; what these import comes along. */
  readonly entries: readonly string[];
  /** Rewrites the trees of all modules. */
  readonly instrument?: (ts: TypeScript, module: string) => Instrument;
}

/** Source texts larger than this are no policies, and cost every tool that touches them. */
const largestModule = 1 << 20;

/** Reads, strips and links modules; whatever cannot be linked is a diagnostic at its import. */
export const program = async (folder: MeshFolder, { entries, instrument }: ProgramOptions): Promise<Program> => {
  const known: Known = {
    policies: new Set([configModule, ...folder.policies]),
    graph: new Set(folder.graph),
  };
  const diagnostics: Diagnostic[] = [];
  const modules = new Map<string, ProgramModule>();
  const pending = [...entries].reverse();
  const seen = new Set(pending);

  for (let module = pending.pop(); module !== undefined; module = pending.pop()) {
    const text = module.startsWith(libraryPrefix) ? libraryText(module) : moduleText(folder.root, module, diagnostics);
    if (text === undefined) continue;
    const compiled = await compiledModule(module, text, instrument);
    if ("diagnostics" in compiled) {
      diagnostics.push(...compiled.diagnostics);
      continue;
    }
    const links = new Map<string, string>();
    for (const { specifier, at } of compiled.imports) {
      const target = importTarget(module, specifier, known);
      if ("why" in target) {
        // Printed text has moved: its specifiers are looked up in the module itself.
        const [start, end] = compiled.map === undefined ? at : specifierIn(text, specifier);
        const place = { span: spanIn(module, text, start, end) };
        diagnostics.push(diagnostic("MESH0013", { specifier, why: target.why }, { place }));
        continue;
      }
      links.set(specifier, target.module);
      if (!seen.has(target.module)) {
        seen.add(target.module);
        pending.push(target.module);
      }
    }
    modules.set(module, { module, text, links, ...compiled });
  }

  const ordered = inOrder(modules, diagnostics);
  if (diagnostics.length === 0) diagnostics.push(...missingExports(modules));
  return { modules: ordered, diagnostics };
};

const moduleText = (root: string, module: string, diagnostics: Diagnostic[]): string | undefined => {
  const refuse = (reason: string): undefined => {
    diagnostics.push(diagnostic("MESH0004", { module, reason }));
    return undefined;
  };
  try {
    const bytes = readFileSync(join(root, module));
    if (bytes.length > largestModule) return refuse("it is larger than 1 MiB");
    if (!isUtf8(bytes)) return refuse("it is not UTF-8");
    return bytes.toString("utf8");
  } catch (error) {
    return refuse(reasonOf(error));
  }
};

type Compiled = (Linkable & { readonly map?: string }) | { readonly diagnostics: readonly Diagnostic[] };

const compiledModule = async (
  module: string,
  text: string,
  instrument: ProgramOptions["instrument"],
): Promise<Compiled> => {
  if (instrument === undefined) {
    const plain = stripped(text);
    const fast = plain === undefined ? undefined : linkable(plain);
    if (fast !== undefined) return fast;
  }
  const ts = await typescript();
  const refused = refusedSyntax(ts, sourceFile(ts, module, text));
  if (refused.length > 0) return { diagnostics: refused };
  const { text: output, map } = printed(ts, module, text, instrument?.(ts, module));
  const result = linkable(output);
  if (result !== undefined) return { ...result, map };
  const place = { span: spanIn(module, text, 0, 0) };
  return { diagnostics: [diagnostic("MESH0016", { what: "this module's syntax", why: "it cannot be linked" }, { place })] };
};

const specifierIn = (text: string, specifier: string): readonly [number, number] => {
  const found = /["']/g;
  for (let quote = found.exec(text); quote !== null; quote = found.exec(text)) {
    const end = quote.index + 1 + specifier.length;
    if (text.startsWith(specifier, quote.index + 1) && text[end] === quote[0]) return [quote.index, end + 1];
  }
  return [0, 0];
};

const missingExports = (modules: ReadonlyMap<string, ProgramModule>): readonly Diagnostic[] => {
  const exported = (module: string): ReadonlySet<string> => {
    const { exports = [], imports = [], links } = modules.get(module) ?? {};
    const names = new Set(exports.filter((name) => name !== "*"));
    for (const { specifier, bindings } of imports.filter((statement) => statement.exported)) {
      if (!bindings.some(({ local }) => local === "*")) continue;
      for (const name of exported(links?.get(specifier) ?? "")) if (name !== "default") names.add(name);
    }
    return names;
  };
  const cache = new Map<string, ReadonlySet<string>>();
  const found: Diagnostic[] = [];
  for (const { module, imports, links, text, map } of modules.values()) {
    for (const { specifier, bindings, at } of imports) {
      const target = links.get(specifier);
      if (target === undefined) continue;
      let names = cache.get(target);
      if (names === undefined) cache.set(target, (names = exported(target)));
      for (const { name } of bindings) {
        if (name === "*" || names.has(name)) continue;
        const [start, end] = map === undefined ? at : specifierIn(text, specifier);
        const [from, to] = importedNameIn(text, name, start) ?? [start, end];
        const near = nearest(name, [...names]);
        const place = { span: spanIn(module, text, from, to) };
        found.push(diagnostic("MESH0015", { name, module: target.replace(libraryModule, "meshwright"), near }, { place }));
      }
    }
  }
  return found;
};

/** The imported name before its specifier, by text: it is only underlined, never acted on. */
const importedNameIn = (text: string, name: string, before: number): readonly [number, number] | undefined => {
  const statement = Math.max(text.lastIndexOf("import", before), text.lastIndexOf("export", before));
  const found = new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`).exec(text.slice(statement + 6, before));
  return found === null ? undefined : [statement + 6 + found.index, statement + 6 + found.index + name.length];
};

/** Imported modules first, else by name; a cycle is reported where its first module imports the second. */
const inOrder = (modules: ReadonlyMap<string, ProgramModule>, diagnostics: Diagnostic[]): readonly ProgramModule[] => {
  const ordered: ProgramModule[] = [];
  const state = new Map<string, "open" | "done">();
  for (const start of [...modules.keys()].sort()) {
    // A stack of our own: a chain of a thousand imports must not overflow the engine's.
    const stack: { readonly module: ProgramModule; readonly next: string[] }[] = [];
    const enter = (name: string): void => {
      const module = modules.get(name);
      if (module === undefined || state.get(name) === "done") return;
      if (state.get(name) === "open") {
        const cycle = stack.map((frame) => frame.module.module);
        diagnostics.push(cyclic(modules, cycle.slice(cycle.indexOf(name))));
        return;
      }
      state.set(name, "open");
      stack.push({ module, next: [...new Set(module.links.values())].sort().reverse() });
    };
    enter(start);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const next = frame.next.pop();
      if (next !== undefined) enter(next);
      else {
        stack.pop();
        state.set(frame.module.module, "done");
        ordered.push(frame.module);
      }
    }
  }
  return ordered;
};

const cyclic = (modules: ReadonlyMap<string, ProgramModule>, members: readonly string[]): Diagnostic => {
  // It begins with its first name, wherever the search entered it.
  const first = members.indexOf([...members].sort()[0]!);
  const cycle = [...members.slice(first), ...members.slice(0, first), members[first]!];
  const { module, text, imports, links, map } = modules.get(cycle[0]!)!;
  const { specifier, at } = imports.find((statement) => links.get(statement.specifier) === cycle[1])!;
  const [start, end] = map === undefined ? at : specifierIn(text, specifier);
  return diagnostic("MESH0014", { cycle }, { place: { span: spanIn(module, text, start, end) } });
};

