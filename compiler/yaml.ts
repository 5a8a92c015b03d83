import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, Scalar, type Node, type Pair } from "yaml";
import { diagnostic } from "../lib/diagnostics/catalog.ts";
import type { Diagnostic, Place, Staged } from "../lib/diagnostics/diagnostic.ts";
import { spanAt, type Range, type SourceText } from "./source-text.ts";

/**
 * The one place that reads YAML (and JSON, which is YAML): as Kubernetes' own tools read it, but refusing what they
 * only half refuse. Every node knows where it stands.
 */
export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: "map";
  readonly range: Range;
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlEntry {
  readonly key: Range;
  readonly value: YamlNode;
}

export interface YamlList {
  readonly kind: "list";
  readonly range: Range;
  readonly items: readonly YamlNode[];
}

export interface YamlScalar {
  readonly kind: "scalar";
  readonly range: Range;
  readonly value: string | number | boolean | null;
  /** Text after `|`, which keeps its lines: what is embedded in it can be reported in place. */
  readonly literal: boolean;
}

/** Beyond this a manifest is no manifest: nesting that no Kubernetes type has. */
const deepest = 100;
/** How many nodes aliases may stand for in one document. Twenty lines of nested anchors can stand for billions. */
const mostAliased = 100_000;

/** The documents of a text, empty ones left out; no value if one of them cannot be read. */
export const yamlDocuments = (source: SourceText): Staged<readonly YamlNode[]> => documentsIn(source, source.text, 0);

/** The document inside a string, as in a ConfigMap's `data`; what is wrong in it is reported where it stands. */
export const embeddedDocuments = (source: SourceText, scalar: YamlScalar): Staged<readonly YamlNode[]> => {
  if (scalar.literal) {
    const start = source.text.indexOf("\n", scalar.range.start) + 1;
    return documentsIn(source, source.text.slice(start, scalar.range.end), start);
  }
  return documentsIn(source, String(scalar.value), scalar.range);
};

type Refused = { readonly diagnostic: Diagnostic };

const documentsIn = (source: SourceText, text: string, base: number | Range): Staged<readonly YamlNode[]> => {
  const rangeOf = (start: number, end: number): Range =>
    typeof base === "number" ? { start: base + start, end: base + end } : base;
  const place = (range: Range): Place => ({ span: spanAt(source, range) });
  // Duplicate keys are found here below: the library compares every key with every other.
  const parsed = parseAllDocuments(text, {
    version: "1.2",
    schema: "core",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  const error = documents.flatMap(({ errors }) => errors).sort((a, b) => a.pos[0] - b.pos[0])[0];
  if (error) {
    // What ends too early is wrong at its last visible character, not on the line behind it.
    const start = Math.min(error.pos[0], Math.max(0, text.trimEnd().length - 1));
    const where = { place: place(rangeOf(start, Math.max(start + 1, error.pos[1]))) };
    const found =
      error.code === "RESOURCE_EXHAUSTION" ||
      documents.some(({ errors }) => errors.some(({ code }) => code === "RESOURCE_EXHAUSTION"))
        ? diagnostic("MESH4006", { what: "this is nested deeper than any manifest" }, where)
        : diagnostic("MESH4003", { reason: reasonOf(error.message) }, where);
    return { value: undefined, diagnostics: [found] };
  }
  const nodes: YamlNode[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { contents } of documents) {
    if (contents === null || (isScalar(contents) && contents.value === null && !contents.source)) continue;
    const read = nodeReader(rangeOf, place)(contents);
    if ("diagnostic" in read) diagnostics.push(read.diagnostic);
    else nodes.push(read);
  }
  return { value: diagnostics.length > 0 ? undefined : nodes, diagnostics };
};

const reasonOf = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, "");

/** Reads one document. Nodes behind aliases are shared, never copied, and their number is counted as if they were. */
const nodeReader = (
  rangeOf: (start: number, end: number) => Range,
  place: (range: Range) => Place,
): ((node: Node) => YamlNode | Refused) => {
  const anchors = new Map<string, YamlNode | "open">();
  const sizes = new WeakMap<YamlNode, number>();
  let aliased = 0;

  const read = (node: Node, depth: number): YamlNode | Refused => {
    const range = rangeOf(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
    if (depth > deepest)
      return refused(
        diagnostic("MESH4006", { what: "this is nested deeper than any manifest" }, { place: place(range) }),
      );
    if (isAlias(node)) return target(node.source, range);
    const anchor = "anchor" in node ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, "open");
    const made = isMap(node)
      ? map(node.items, range, depth)
      : isSeq(node)
        ? list(node.items as Node[], range, depth)
        : scalar(node, range);
    if (anchor !== undefined && !("diagnostic" in made)) anchors.set(anchor, made);
    return made;
  };

  const target = (name: string, range: Range): YamlNode | Refused => {
    const found = anchors.get(name);
    if (found === undefined)
      return refused(
        diagnostic(
          "MESH4003",
          { reason: `there is no anchor \`&${name}\` before this alias` },
          { place: place(range) },
        ),
      );
    if (found === "open")
      return refused(diagnostic("MESH4005", { alias: name, why: "it contains itself" }, { place: place(range) }));
    aliased += sizes.get(found) ?? 1;
    if (aliased > mostAliased)
      return refused(
        diagnostic(
          "MESH4005",
          { alias: name, why: `with it, aliases stand for more than ${mostAliased} values` },
          { place: place(range) },
        ),
      );
    return found;
  };

  const list = (items: readonly Node[], range: Range, depth: number): YamlNode | Refused => {
    const made: YamlNode[] = [];
    for (const item of items) {
      const child = read(item, depth + 1);
      if ("diagnostic" in child) return child;
      made.push(child);
    }
    return sized({ kind: "list", range, items: made }, made);
  };

  const map = (pairs: readonly Pair[], range: Range, depth: number): YamlNode | Refused => {
    const entries = new Map<string, YamlEntry>();
    const merged: YamlNode[] = [];
    for (const { key, value } of pairs) {
      const where = keyRange(key as Node | null, range);
      const name = key === null ? nothing(where) : read(key as Node, depth + 1);
      if ("diagnostic" in name) return name;
      if (name.kind !== "scalar" || name.value === null)
        return refused(diagnostic("MESH4003", { reason: "a key must be a plain value" }, { place: place(where) }));
      const written = value === null ? nothing(where) : read(value as Node, depth + 1);
      if ("diagnostic" in written) return written;
      // A value that is missing has no place of its own.
      const child = written.range.start === written.range.end ? { ...written, range: where } : written;
      if (isScalar(key) && key.source === "<<" && key.type === Scalar.PLAIN) {
        merged.push(...(child.kind === "list" ? child.items : [child]));
        continue;
      }
      const earlier = entries.get(String(name.value));
      if (earlier) {
        const related = [{ message: "it stands here first", place: place(earlier.key) }];
        return refused(diagnostic("MESH4004", { key: String(name.value) }, { place: place(where), related }));
      }
      entries.set(String(name.value), { key: where, value: child });
    }
    for (const from of merged) {
      if (from.kind !== "map")
        return refused(
          diagnostic("MESH4003", { reason: "`<<` must be followed by a mapping" }, { place: place(from.range) }),
        );
      for (const [name, entry] of from.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return sized(
      { kind: "map", range, entries },
      [...entries.values()].map(({ value }) => value),
    );
  };

  const keyRange = (key: Node | null, fallback: Range): Range =>
    key?.range ? rangeOf(key.range[0], key.range[1]) : fallback;

  const sized = (node: YamlNode, children: readonly YamlNode[]): YamlNode => {
    sizes.set(
      node,
      children.reduce((sum, child) => sum + (sizes.get(child) ?? 1), 1),
    );
    return node;
  };

  return (node) => read(node, 0);
};

const refused = (found: Diagnostic): Refused => ({ diagnostic: found });

const nothing = (range: Range): YamlScalar => ({ kind: "scalar", range, value: null, literal: false });

const scalar = (node: unknown, range: Range): YamlScalar => {
  if (!isScalar(node)) return nothing(range);
  const literal = node.type === Scalar.BLOCK_LITERAL;
  const plain = node.type === Scalar.PLAIN && node.tag === undefined ? node.source : undefined;
  const value = (plain === undefined ? undefined : legacy(plain)) ?? node.value;
  return {
    kind: "scalar",
    range,
    value:
      value === null || typeof value === "number" || typeof value === "boolean" || typeof value === "string"
        ? value
        : JSON.stringify(value),
    literal,
  };
};

/** What Kubernetes' tools still read as YAML 1.1 does: a label `version: yes` is no string for them, so not for us. */
const legacy = (plain: string): boolean | number | undefined => {
  if (/^(?:y|Y|yes|Yes|YES|on|On|ON)$/.test(plain)) return true;
  if (/^(?:n|N|no|No|NO|off|Off|OFF)$/.test(plain)) return false;
  if (/^[-+]?0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  if (/^[-+]?[0-9][0-9_]*_[0-9_]*$/.test(plain)) return Number(plain.replaceAll("_", ""));
  return undefined;
};
