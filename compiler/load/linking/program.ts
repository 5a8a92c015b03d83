import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import { nearest } from "../../../lib/diagnostics/nearest.ts";
import { spanIn } from "../../../lib/diagnostics/span.ts";
import { importTarget, libraryModule, libraryPrefix, mostSuggestions, type Known } from "./import-target.ts";
import { libraryText } from "../library.ts";
import { linkable, type Linkable } from "./linkable.ts";
import { configModule, reasonOf, type MeshFolder } from "../mesh-folder.ts";
import { printed, type Instrument } from "./printed.ts";
import { refusedSyntax } from "./refused-syntax.ts";
import { shortened } from "../printable.ts";
import { stripped } from "./stripped.ts";
import { isTooDeep, sourceFile, typescript, type TypeScript } from "./syntax.ts";

/** One module, ready to be evaluated. */
export interface ProgramModule extends Linkable {
  /** Relative to the mesh folder; `meshwright:` names a module of our own library. */
  readonly module: string;
  readonly text: string;
  /** By specifier, the modules that it imports; all of them were emitted before. */
  readonly links: ReadonlyMap<string, string>;
  /** Present where positions had to move: a source map from the code's second line on. */
  readonly map?: string;
}

/** What stays of a program when its code has gone where it is evaluated. */
export interface Program {
  /** In the order of their evaluation. */
  readonly modules: readonly (Pick<ProgramModule, "module" | "links"> & {
    /** Names that it surely exports; absent where they come from a module that could not be read. */
    readonly exported: ReadonlySet<string> | undefined;
  })[];
  /** Of these, the library's and generated handles that stand on nothing else: any evaluation may have them before it begins. */
  readonly stateless: ReadonlyMap<string, ProgramModule>;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ProgramOptions {
  /** Where to begin; what these import comes along. */
  readonly entries: readonly string[];
  /** Called with each module after those that it imports, and no more once something was wrong. */
  readonly emit: (module: ProgramModule) => void;
  /** Rewrites the trees of all modules. */
  readonly instrument?: (ts: TypeScript, module: string) => Instrument;
}

/** Source texts larger than this are no policies, and cost every tool that touches them. */
const largestModule = 1 << 20;

/** More wrong imports of one module say nothing new. */
const mostWrong = 20;

/** After so many modules, whatever waits for this process gets its turn. */
const turn = 32;

/**
 * Reads, strips and links modules, depth first, so that each can be evaluated while the next is read. Whatever cannot
 * be linked is a diagnostic at its import.
 */
export const program = async (folder: MeshFolder, { entries, emit, instrument }: ProgramOptions): Promise<Program> => {
  const known: Known = { policies: new Set([configModule, ...folder.policies]), graph: new Set(folder.graph) };
  const diagnostics: Diagnostic[] = [];
  const modules: Program["modules"][number][] = [];
  const stateless = new Map<string, ProgramModule>();
  const state = new Map<string, "open" | "done">();
  const exported = new Map<string, ReadonlySet<string>>();
  // A stack of our own: a chain of a thousand imports must not overflow the engine's.
  const stack: { readonly module: ProgramModule; readonly next: string[] }[] = [];
  let visits = 0;
  let suggestions = 0;
  const suggests = (): boolean => (suggestions += 1) <= mostSuggestions;

  const enter = async (name: string): Promise<void> => {
    if (state.get(name) === "done") return;
    if (state.get(name) === "open") {
      const open = stack.map(({ module }) => module);
      diagnostics.push(cyclic(open.slice(open.findIndex(({ module }) => module === name))));
      return;
    }
    visits += 1;
    if (visits % turn === 0) await nextTurn();
    state.set(name, "done");
    const text = name.startsWith(libraryPrefix) ? libraryText(name) : moduleText(folder.root, name, diagnostics);
    if (text === undefined) return;
    // Nobody asks where in a generated handle something stands, and a mesh has a handle for each of its services.
    const isShared = known.graph.has(name) || (name.startsWith(libraryPrefix) && instrument === undefined);
    const compiled = isShared ? await sharedModule(name, text) : await compiledModule(name, text, instrument);
    if ("diagnostics" in compiled) {
      diagnostics.push(...compiled.diagnostics);
      return;
    }
    const module: ProgramModule = {
      module: name,
      text,
      links: links(name, text, compiled, { known, diagnostics, suggests }),
      ...compiled,
    };
    state.set(name, "open");
    stack.push({ module, next: [...new Set(module.links.values())].reverse() });
  };

  for (const entry of entries) {
    await enter(entry);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const next = frame.next.pop();
      if (next !== undefined) {
        await enter(next);
        continue;
      }
      stack.pop();
      const { module } = frame;
      state.set(module.module, "done");
      const names = exportedNames(module, exported);
      if (names !== undefined) exported.set(module.module, names);
      diagnostics.push(...missingExports(module, exported, suggests));
      modules.push({ module: module.module, links: module.links, exported: names });
      if (isStateless(module.module) && [...module.links.values()].every((target) => stateless.has(target)))
        stateless.set(module.module, module);
      if (diagnostics.length === 0) emit(module);
    }
  }
  return { modules, stateless, diagnostics };
};

/** Whether a module is by its name the library's or a generated handle: those hold no state of their own. */
export const isStateless = (module: string): boolean => module.startsWith(libraryPrefix) || module.startsWith("graph/");

const links = (
  module: string,
  text: string,
  { imports, map }: Linkable & { readonly map?: string },
  {
    known,
    diagnostics,
    suggests,
  }: { readonly known: Known; readonly diagnostics: Diagnostic[]; readonly suggests: () => boolean },
): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  let wrong = 0;
  for (const { specifier, at } of imports) {
    const target = importTarget(module, specifier, known);
    if ("module" in target) found.set(specifier, target.module);
    else if ((wrong += 1) <= mostWrong) {
      // Printed text has moved: its specifiers are looked up in the module itself.
      const [start, end] = map === undefined ? at : specifierIn(text, specifier);
      const place = { span: spanIn(module, text, start, end) };
      const why = target.why({ suggests: suggests() });
      diagnostics.push(diagnostic("MESH0013", { specifier: shortened(specifier), why }, { place }));
    }
  }
  return found;
};

const moduleText = (root: string, module: string, diagnostics: Diagnostic[]): string | undefined => {
  const refuse = (reason: string): undefined => {
    diagnostics.push(diagnostic("MESH0004", { module, reason }));
    return undefined;
  };
  try {
    const path = join(root, module);
    // Reading text at once is three times as fast as reading bytes; what decoding replaced shows.
    const text = readFileSync(path, "utf8");
    if (text.length > largestModule) return refuse("it is larger than 1 MiB");
    if (text.includes("\ufffd") && !isUtf8(readFileSync(path))) return refuse("it is not UTF-8");
    return text;
  } catch (error) {
    return refuse(reasonOf(error));
  }
};

type Compiled = (Linkable & { readonly map?: string }) | { readonly diagnostics: readonly Diagnostic[] };

const shared = new Map<string, { readonly text: string; readonly compiled: Compiled }>();

/** What every policy imports, and whoever compiles again needs again: the library, and generated handles. */
const sharedModule = async (module: string, text: string): Promise<Compiled> => {
  const known = shared.get(module);
  if (known?.text === text) return known.compiled;
  const compiled = await compiledModule(module, text, undefined);
  shared.set(module, { text, compiled });
  return compiled;
};

const compiledModule = async (
  module: string,
  text: string,
  instrument: ProgramOptions["instrument"],
): Promise<Compiled> => {
  if (instrument === undefined) {
    const untyped = linkable(text, { mayHoldTypes: true });
    if (untyped !== undefined) return untyped;
    const plain = stripped(text);
    const fast = plain === undefined ? undefined : linkable(plain);
    if (fast !== undefined) return fast;
  }
  const ts = await typescript();
  try {
    return treeModule(ts, module, text, instrument);
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    const place = { span: spanIn(module, text, 0, 0) };
    return {
      diagnostics: [
        diagnostic("MESH0016", { what: "nesting as deep as in this module", why: "no parser follows it" }, { place }),
      ],
    };
  }
};

const treeModule = (
  ts: TypeScript,
  module: string,
  text: string,
  instrument: ProgramOptions["instrument"],
): Compiled => {
  const refused = refusedSyntax(ts, sourceFile(ts, module, text));
  if (refused.length > 0) return { diagnostics: refused };
  const { text: output, map } = printed(ts, module, text, instrument?.(ts, module));
  const result = linkable(output, { isTree: true });
  if (result !== undefined) return { ...result, map };
  const place = { span: spanIn(module, text, 0, 0) };
  return {
    diagnostics: [diagnostic("MESH0016", { what: "this module's syntax", why: "it cannot be linked" }, { place })],
  };
};

const specifierIn = (text: string, specifier: string): readonly [number, number] => {
  const found = /["']/g;
  for (let quote = found.exec(text); quote !== null; quote = found.exec(text)) {
    const end = quote.index + 1 + specifier.length;
    if (text.startsWith(specifier, quote.index + 1) && text[end] === quote[0]) return [quote.index, end + 1];
  }
  return [0, 0];
};

/** Unknown where it passes on everything of a module that could not be linked itself. */
const exportedNames = (
  { exports, imports, links: targets }: ProgramModule,
  exported: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlySet<string> | undefined => {
  const names = new Set(exports.filter((name) => name !== "*"));
  for (const { specifier, bindings, exported: passedOn } of imports) {
    if (!passedOn || !bindings.some(({ local }) => local === "*")) continue;
    const passed = exported.get(targets.get(specifier) ?? "");
    if (passed === undefined) return undefined;
    for (const name of passed) if (name !== "default") names.add(name);
  }
  return names;
};

const missingExports = (
  { module, imports, links: targets, text, map }: ProgramModule,
  exported: ReadonlyMap<string, ReadonlySet<string>>,
  suggests: () => boolean,
): readonly Diagnostic[] => {
  const found: Diagnostic[] = [];
  for (const { specifier, bindings, at } of imports) {
    const target = targets.get(specifier) ?? "";
    const names = exported.get(target);
    if (names === undefined) continue;
    for (const { name } of bindings) {
      if (name === "*" || names.has(name)) continue;
      if (found.length >= mostWrong) return found;
      const [start, end] = map === undefined ? at : specifierIn(text, specifier);
      const [from, to] = importedNameIn(text, name, start) ?? [start, end];
      const near = suggests() ? nearest(name, names) : undefined;
      const place = { span: spanIn(module, text, from, to) };
      found.push(
        diagnostic(
          "MESH0015",
          { name: shortened(name), module: target.replace(libraryModule, "meshwright"), near },
          { place },
        ),
      );
    }
  }
  return found;
};

/** The imported name before its specifier, by text: it is only underlined, never acted on. */
const importedNameIn = (text: string, name: string, before: number): readonly [number, number] | undefined => {
  const isInside = (at: number): boolean => at >= 0 && /[\w$]/.test(text[at] ?? "");
  let at = Math.max(text.lastIndexOf("import", before), text.lastIndexOf("export", before)) + "import".length;
  for (at = text.indexOf(name, at); at !== -1 && at < before; at = text.indexOf(name, at + 1)) {
    if (!isInside(at - 1) && !isInside(at + name.length)) return [at, at + name.length];
  }
  return undefined;
};

/** Told at the first of its modules by name, wherever the search entered it. */
const cyclic = (members: readonly ProgramModule[]): Diagnostic => {
  const names = members.map(({ module }) => module);
  const first = names.indexOf([...names].sort()[0]!);
  const cycle = [...names.slice(first), ...names.slice(0, first), names[first]!];
  const { module, text, imports, links: targets, map } = members[first]!;
  const { specifier, at } = imports.find((statement) => targets.get(statement.specifier) === cycle[1])!;
  const [start, end] = map === undefined ? at : specifierIn(text, specifier);
  return diagnostic("MESH0014", { cycle }, { place: { span: spanIn(module, text, start, end) } });
};
