import type { CrdSchema } from "./crd.ts";

/** A CEL rule with the words that the CRD's authors gave it. */
interface Rule {
  readonly rule: string;
  readonly message: string;
}

/**
 * The nodes of a kind's schema that carry rules or a choice between fields, and the way to them.
 * `rules` are indices into the file's rule table. `integer` marks numbers that CEL must see as `int`, not `double`;
 * it is kept only below a rule. `keys` are the fields that must differ between the items of a list; `[]` means the whole item.
 * `choices` are the groups of fields of which the schema's `oneOf`s allow one; here they only word the violation.
 */
export interface RuleTree {
  readonly rules?: readonly number[];
  readonly keys?: readonly string[];
  readonly choices?: readonly (readonly string[])[];
  readonly integer?: boolean;
  readonly properties?: Readonly<Record<string, RuleTree>>;
  readonly items?: RuleTree;
  readonly values?: RuleTree;
}

/** What a rule tree is built into: the table of rules, and the rules left out with the reason. */
export interface RuleTable {
  readonly rules: Rule[];
  readonly skipped: { readonly path: string; readonly rule: string; readonly reason: string }[];
}

/** Formats whose values CEL would see as another type than string; no rule of Istio's stands above one. */
const celTypes = new Set(["date-time", "date", "duration", "byte"]);

/** The rule tree of a schema node, or undefined where neither it nor anything below it carries one. */
export function ruleTree(node: CrdSchema, table: RuleTable, path: string, belowRule = false): RuleTree | undefined {
  const rules = (node["x-kubernetes-validations"] ?? []).flatMap((rule) => {
    const { rule: expression, message, ...rest } = rule;
    if (Object.keys(rest).length > 0) throw new Error(`${path}: unknown rule fields ${Object.keys(rest).join(", ")}`);
    if (/__\w+__/.test(expression)) throw new Error(`${path}: escaped field names are not implemented: ${expression}`);
    if (/\boldSelf\b/.test(expression)) {
      table.skipped.push({ path, rule: expression, reason: "compares with the object before the change" });
      return [];
    }
    const known = table.rules.findIndex((each) => each.rule === expression && each.message === (message ?? ""));
    return known === -1 ? [table.rules.push({ rule: expression, message: message ?? "" }) - 1] : [known];
  });
  const seen = belowRule || rules.length > 0;
  if (seen && node.format !== undefined && celTypes.has(node.format))
    throw new Error(`${path}: a rule above format ${node.format} is not implemented`);
  const child = (each: CrdSchema, name: string) => ruleTree(each, table, `${path}/${name}`, seen);
  const properties = Object.entries(node.properties ?? {}).flatMap(([name, each]) => {
    const tree = child(each, name);
    return tree === undefined ? [] : [[name, tree] as const];
  });
  const items = node.items === undefined ? undefined : child(node.items, "[]");
  const values = node.additionalProperties === undefined ? undefined : child(node.additionalProperties, "{}");
  const listType = node["x-kubernetes-list-type"];
  const choices = [node, ...(node.allOf ?? [])].flatMap((each) =>
    each.oneOf === undefined ? [] : [each.oneOf.flatMap((branch) => branch.required ?? [])],
  );
  const tree: RuleTree = {
    ...(rules.length > 0 && { rules }),
    ...(listType === "map" && { keys: node["x-kubernetes-list-map-keys"] ?? [] }),
    ...(listType === "set" && { keys: [] }),
    ...(choices.length > 0 && { choices }),
    ...(seen && (node.type === "integer" || node["x-kubernetes-int-or-string"] === true) && { integer: true }),
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(items !== undefined && { items }),
    ...(values !== undefined && { values }),
  };
  return Object.keys(tree).length === 0 ? undefined : tree;
}
