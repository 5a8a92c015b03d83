import { Script } from "node:vm";
import { lexed, type Edit, type ImportStatement, type Lexed } from "./module-lexer.ts";

/** A module as a function body that a linker can call: what the sandbox evaluates. */
export interface Linkable {
  /** `(link, exports, trace, compiler) => void` as source text; its first line is ours, the module's first line is its second. */
  readonly code: string;
  /** The engine has parsed it, as a module's body: nothing in it can reach out of its function. */
  readonly isParsed: boolean;
  readonly imports: readonly ImportStatement[];
  /** Names exported here; `*` stands for everything of a module that is passed on. */
  readonly exports: readonly string[];
}

/**
 * Source texts that SES refuses to evaluate wherever they stand, even in a string, because it does not parse:
 * `import(`, HTML-like comments, direct `eval`.
 */
export const refusedBySes = /(?:^|[^.]|\.\.\.)\bimport\s*(?:\(|\/[/*])|<!--|-->|(?:^|[^.])\beval\s*\(/;

/**
 * Turns a module into a function, keeping every position after the first line; `undefined` where only a parser can do
 * it. A module that `mayHoldTypes` has been parsed by nobody yet; of one that was printed from its
 * tree, what the engine refuses is left for it to say.
 */
export const linkable = (
  text: string,
  { mayHoldTypes = false, isTree = false }: { readonly mayHoldTypes?: boolean; readonly isTree?: boolean } = {},
): Linkable | undefined => {
  const found = lexed(text, { mayHoldTypes });
  if (found === undefined) return undefined;
  const isRefused = refusedBySes.test(text);
  const plain = isRefused ? withoutComments(text, found) : text;
  if (isRefused && refusedBySes.test(plain)) return undefined;
  const body = edited(plain, found.edits, freeNames(text));
  if (body === undefined) return undefined;
  const parts: Parts = { ...bindingsOf(body.names, found), body: body.text };
  const isParsed = parses(parts);
  return isParsed || isTree ? { ...wrapped(body.names, parts, found), isParsed } : undefined;
};

/**
 * Asked of the engine, which is in no doubt and takes a tenth of a stripper's time: nothing runs, and what lies in a
 * function is parsed without being compiled. In a static block, as in a module, there is nothing to return from, and no
 * `arguments`, which in the function would be the linker's.
 */
const parses = ({ before, body, after }: Parts): boolean => {
  try {
    return new Script(`()=>{class A{static{${before}\n${body}\n}static{${after}}}}`) instanceof Script;
  } catch {
    return false;
  }
};

interface Names {
  readonly link: string;
  readonly exports: string;
  readonly trace: string;
}

/** The tracer's parameter: instrumented text is written with this name, others never see it. */
export const traceName = "mesh$trace";

/** Two-letter names that the module does not hold, so that it can neither see nor hide ours. */
const freeNames = (text: string): Names | undefined => {
  const free: string[] = [];
  for (const letter of "iexlnabcdfghjkmopqrstuvwyzIEXLNABCDFGHJKMOPQRSTUVWYZ") {
    if (!text.includes(`$${letter}`)) free.push(`$${letter}`);
    if (free.length === 2) return { link: free[0]!, exports: free[1]!, trace: traceName };
  }
  return undefined;
};

const edited = (
  text: string,
  edits: readonly Edit[],
  names: Names | undefined,
): { readonly text: string; readonly names: Names } | undefined => {
  if (names === undefined) return undefined;
  let result = "";
  let at = 0;
  for (const { start, end, kind } of edits) {
    const replaced = text.slice(start, end);
    if (kind !== "space" && /\s/.test(replaced.slice(0, 6))) return undefined;
    result += text.slice(at, start);
    if (kind === "default") result += defaultHead(`${names.exports}.default =`, replaced);
    // A semicolon first: without it, `export { a }` blanked out could join the lines around it.
    else result += (kind === "statement" ? ";" : " ") + replaced.slice(1).replace(/\S/g, " ");
    at = end;
  }
  return { text: result + text.slice(at), names };
};

/** `export default` and `$e.default =` have nearly the same length; lines between the two words stay lines. */
const defaultHead = (head: string, replaced: string): string => {
  const gap = replaced.slice("export".length, -"default".length).replace(/[^\n\r]/g, " ");
  const [property, assign] = head.split(" ") as [string, string];
  const padding = " ".repeat(Math.max(0, replaced.length - gap.length - property.length - assign.length));
  return property + gap + assign + padding;
};

/** What a module's function does: bind what it imports, be the module, hand over what it exports. */
interface Parts {
  readonly before: string;
  readonly body: string;
  readonly after: string;
}

const bindingsOf = ({ link, exports: target }: Names, { imports, exports }: Lexed): Omit<Parts, "body"> => {
  const before: string[] = [];
  for (const { specifier, bindings, exported } of imports) {
    const linked = `${link}(${JSON.stringify(specifier)})`;
    if (!exported) {
      const named = bindings
        .filter(({ name }) => name !== "*")
        .map(({ name, local }) => (name === local ? name : `${JSON.stringify(name)}:${local}`));
      if (named.length > 0) before.push(`const{${named.join(",")}}=${linked};`);
      for (const { name, local } of bindings) if (name === "*") before.push(`const ${local}=${linked};`);
      continue;
    }
    for (const { name, local } of bindings) {
      const value = name === "*" ? linked : `${linked}[${JSON.stringify(name)}]`;
      if (local === "*") before.push(`${link}.all(${target},${JSON.stringify(specifier)});`);
      else before.push(`${target}[${JSON.stringify(local)}]=${value};`);
    }
  }
  const after = exports
    .filter(({ local }) => local !== "")
    .map(({ name, local }) => `${target}[${JSON.stringify(name)}]=${local};`);
  return { before: before.join(""), after: after.join("") };
};

const wrapped = (
  { link, exports: target, trace }: Names,
  { before, body, after }: Parts,
  { imports, exports }: Lexed,
): Omit<Linkable, "isParsed"> => ({
  code: `(function(${link},${target},${trace},__meshwright){"use strict";${before}\n${body}\n;${after}})`,
  imports,
  exports: [
    ...exports.map(({ name }) => name),
    ...imports.flatMap(({ exported, bindings }) => (exported ? bindings.map(({ local }) => local) : [])),
  ],
});

const withoutComments = (text: string, { comments }: Lexed): string => {
  let result = "";
  let at = 0;
  for (const [start, end] of comments) {
    result += text.slice(at, start) + text.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, " ");
    at = end;
  }
  return result + text.slice(at);
};
