import { type CompiledRule, compiledRule } from "./cel.ts";
import type { RuleTree } from "./rule-tree.ts";
import rulesFile from "./rules.generated.json" with { type: "json" };
import type { SchemaViolation } from "./violation.ts";

const trees: Readonly<Record<string, RuleTree | undefined>> = rulesFile.kinds;
const table: readonly { readonly rule: string; readonly message: string }[] = rulesFile.rules;

/** Outcomes of rules over text, which repeat (a mesh uses few distinct durations); bounded, so that hostile input cannot grow it. */
const remembered = new Map<string, string | undefined>();
const most = 10_000;

/**
 * The choices between fields that the node at `path` (a JSON pointer) offers: at most one field of each may be set.
 * A validator only says that no single alternative holds; these are the names a person needs to hear.
 */
export function choicesAt(kind: string, path: string): readonly (readonly string[])[] {
  let tree = trees[kind];
  for (const segment of path.split("/").slice(1)) {
    const key = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    tree = tree?.items ?? tree?.properties?.[key] ?? tree?.values;
  }
  return tree?.choices ?? [];
}

/** What the CEL rules of a kind say against an object that its schema accepts. */
export function ruleViolations(kind: string, object: unknown): readonly SchemaViolation[] {
  const found: SchemaViolation[] = [];
  const tree = trees[kind];
  if (tree !== undefined) walk(tree, object, "", found);
  return found;
}

function walk(tree: RuleTree, value: unknown, path: string, found: SchemaViolation[]): void {
  // The server runs no rule of a node whose value is null.
  if (value === undefined || value === null) return;
  if (tree.rules !== undefined) {
    for (const index of tree.rules) {
      const message = outcome(index, tree, value);
      if (message !== undefined) found.push({ path, message });
    }
  }
  if (Array.isArray(value)) {
    if (tree.keys !== undefined) repeated(tree.keys, value, path, found);
    if (tree.items !== undefined) {
      for (const [index, item] of value.entries()) walk(tree.items, item, `${path}/${index}`, found);
    }
  } else if (typeof value === "object") {
    const fields = value as Readonly<Record<string, unknown>>;
    for (const name in tree.properties) {
      const child = tree.properties[name];
      if (child !== undefined && Object.hasOwn(fields, name)) walk(child, fields[name], `${path}/${name}`, found);
    }
    if (tree.values !== undefined) {
      for (const [key, each] of Object.entries(fields))
        walk(tree.values, each, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, found);
    }
  }
}

/** Lists that the API server merges by key hold each key once. */
function repeated(keys: readonly string[], list: readonly unknown[], path: string, found: SchemaViolation[]): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const identity = JSON.stringify(
      keys.length === 0 ? item : keys.map((key) => (item as Record<string, unknown>)[key]),
    );
    if (seen.has(identity))
      found.push({ path: `${path}/${index}`, message: `repeats ${keys.join(", ") || "an item"}` });
    seen.add(identity);
  }
}

function outcome(index: number, tree: RuleTree, value: unknown): string | undefined {
  if (typeof value !== "string") return verdict(index, celValue(tree, value));
  const key = `${index} ${value}`;
  if (remembered.has(key)) return remembered.get(key);
  const message = verdict(index, value);
  if (remembered.size >= most) remembered.clear();
  remembered.set(key, message);
  return message;
}

/** Undefined where the rule holds. An error inside a rule fails it, as it does in the API server. */
function verdict(index: number, self: unknown): string | undefined {
  const { rule, message } = table[index] ?? { rule: "false", message: "" };
  try {
    return compiled(index, rule)(self) ? undefined : message || `failed rule: ${rule}`;
  } catch {
    return message || `failed rule: ${rule}`;
  }
}

const rules: CompiledRule[] = [];
const compiled = (index: number, expression: string): CompiledRule => (rules[index] ??= compiledRule(expression));

/** The value as CEL must see it: JSON has one kind of number, CEL tells `int` from `double`. */
function celValue(tree: RuleTree | undefined, value: unknown): unknown {
  if (tree === undefined || !holdsIntegers(tree)) return value;
  if (typeof value === "number") return tree.integer === true && Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return tree.items === undefined ? value : value.map((item) => celValue(tree.items, item));
  if (typeof value !== "object" || value === null || (tree.properties === undefined && tree.values === undefined))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, celValue(tree.properties?.[key] ?? tree.values, each)]),
  );
}

const integers = new WeakMap<RuleTree, boolean>();

/** Whether a value of this node can need converting at all; most rules are about text. */
function holdsIntegers(tree: RuleTree): boolean {
  const known = integers.get(tree);
  if (known !== undefined) return known;
  const below = [...Object.values(tree.properties ?? {}), tree.items, tree.values];
  const found = tree.integer === true || below.some((child) => child !== undefined && holdsIntegers(child));
  integers.set(tree, found);
  return found;
}
