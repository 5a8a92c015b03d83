import type { JsonSchema } from "./object-meta.ts";
import { ruleCases } from "./rule-cases.ts";
import type { RuleTree } from "./rule-tree.ts";
import rulesFile from "./rules.generated.json" with { type: "json" };
import schemasFile from "./schemas.generated.json" with { type: "json" };

/** What an example is about: a rule (by its CEL text), or the word for a constraint of the schema. */
type ExampleAbout =
  | { readonly rule: string }
  | "value"
  | "type"
  | "enum"
  | "range"
  | "length"
  | "pattern"
  | "required"
  | "unknown field"
  | "choice";

/** An object made from the schemas with at most one fault in it. */
export interface SchemaExample {
  readonly name: string;
  readonly about: ExampleAbout;
  /** The JSON pointer to the node that the example is about. The API server has its own ways with `/metadata` and `/status`. */
  readonly path: string;
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly [field: string]: unknown };
  /** The JSON pointer to the fault, or undefined where the object is valid. */
  readonly fault: string | undefined;
}

/** One node of a kind's schema, with the way to make an object that is minimal but for the value at this node. */
interface Place {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly tree: RuleTree | undefined;
  readonly put: (value: unknown) => unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const definitions: Readonly<Record<string, JsonSchema | undefined>> = schemasFile.definitions;
const trees: Readonly<Record<string, RuleTree | undefined>> = rulesFile.kinds;

/** A key that is valid wherever Istio has a map: as a label, a header, a port's name and a port's number. */
const anyKey = "8080";

/** Fields that another field of the same object is only valid with. */
const companions: Readonly<Record<string, Fields | undefined>> = {
  "ServiceEntry/spec/endpoints": { resolution: "STATIC" },
  "PeerAuthentication/spec/portLevelMtls": { selector: { matchLabels: { app: "a" } } },
};

/**
 * Valid and invalid objects of every generated kind: for each node of its schema a valid value and one violation of
 * each constraint, for each CEL rule where it stands values that it accepts and refuses. The tests hold `schemaViolations`
 * against them; the rig can hold the real API server against the same list (unknown fields need strict field validation).
 */
export function schemaExamples(): readonly SchemaExample[] {
  return Object.entries(schemasFile.kinds).flatMap(([kind, schema]) => {
    const root: Place = { path: "", schema, tree: trees[kind], put: (value) => value };
    return examplesAt(kind, root);
  });
}

function examplesAt(kind: string, place: Place): SchemaExample[] {
  const { path, schema, tree } = place;
  const example = (about: ExampleAbout, value: unknown, fault: string | undefined): SchemaExample => ({
    name: `${kind}${path}: ${fault === undefined ? "valid" : "invalid"} ${typeof about === "string" ? about : about.rule}`,
    about,
    path,
    object: place.put(value) as SchemaExample["object"],
    fault,
  });
  const usual = minimal(schema, tree);
  const isObject = schema.type === "object";
  return [
    example("value", usual, undefined),
    // What is not even an object has no kind whose schema could be asked.
    ...(schema.type === undefined || path === "" ? [] : [example("type", wrongType(schema), path)]),
    ...(Array.isArray(schema.enum) && schema.enum.every((each) => typeof each === "string")
      ? [example("enum", "NO_SUCH_WORD", path)]
      : []),
    ...outside(schema).map((value) => example("range", value, path)),
    ...tooLong(schema, usual).map((value) => example("length", value, path)),
    ...(typeof schema.pattern === "string" ? [example("pattern", "no such pattern!", path)] : []),
    ...required(schema).map((name) => example("required", without(usual as Fields, name), `${path}/${name}`)),
    ...(schema.additionalProperties === false
      ? [example("unknown field", { ...(usual as Fields), unknownField: 1 }, `${path}/unknownField`)]
      : []),
    ...(tree?.choices ?? []).flatMap(([first, second]) => {
      if (first === undefined || second === undefined) return [];
      const both = { ...(usual as Fields), ...field(place, first), ...field(place, second) };
      return [example("choice", both, path)];
    }),
    ...(tree?.rules ?? []).flatMap((index) => {
      const rule = rulesFile.rules[index]?.rule ?? "";
      const value = (given: unknown) =>
        isObject && !isMap(schema) ? { ...(usual as Fields), ...(given as Fields) } : given;
      return [
        ...(ruleCases[rule]?.accepts ?? []).map((each) => example({ rule }, value(each), undefined)),
        ...(ruleCases[rule]?.refuses ?? []).map((each) => example({ rule }, value(each), path)),
      ];
    }),
    ...children(kind, place).flatMap((child) => examplesAt(kind, child)),
  ];
}

function children(kind: string, place: Place): Place[] {
  const { path, schema, tree, put } = place;
  const usual = minimal(schema, tree);
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>);
  const fields = properties.map(([name, child]): Place => {
    const beside = { ...(usual as Fields), ...companions[`${kind}${path}/${name}`] };
    const childPath = `${path}/${name}`;
    const put_ = (value: unknown) => put({ ...beside, [name]: value });
    return { path: childPath, schema: resolved(child), tree: tree?.properties?.[name], put: put_ };
  });
  const items = schema.items as JsonSchema | undefined;
  const values = isMap(schema) ? (schema.additionalProperties as JsonSchema) : undefined;
  return [
    ...fields,
    ...(items === undefined
      ? []
      : [{ path: `${path}/0`, schema: resolved(items), tree: tree?.items, put: (value: unknown) => put([value]) }]),
    ...(values === undefined
      ? []
      : [
          {
            path: `${path}/${anyKey}`,
            schema: resolved(values),
            tree: tree?.values,
            put: (value: unknown) => put({ [anyKey]: value }),
          },
        ]),
  ];
}

/** A schema without the reference to a shared definition. */
function resolved(schema: JsonSchema): JsonSchema {
  if (typeof schema.$ref !== "string") return schema;
  return definitions[schema.$ref.replace("istio#/$defs/", "")] ?? {};
}

const isMap = (schema: JsonSchema) => typeof schema.additionalProperties === "object";
const required = (schema: JsonSchema) => (schema.required ?? []) as readonly string[];
const without = (fields: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name));

function field({ schema, tree }: Place, name: string): Fields {
  const child = (schema.properties as Readonly<Record<string, JsonSchema>>)[name];
  return child === undefined ? {} : { [name]: minimal(resolved(child), tree?.properties?.[name]) };
}

/** The smallest value that a node's schema and rules accept. */
function minimal(schema: JsonSchema, tree: RuleTree | undefined): unknown {
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const rules = (tree?.rules ?? []).map((index) => ruleCases[rulesFile.rules[index]?.rule ?? ""]);
  switch ([schema.type].flat()[0]) {
    case "object": {
      const fields = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
      const needed = required(schema).map((name) => [
        name,
        minimal(resolved(fields[name] ?? {}), tree?.properties?.[name]),
      ]);
      const least = Number(schema.minProperties ?? 0);
      const entries =
        isMap(schema) && least > 0
          ? { [anyKey]: minimal(resolved(schema.additionalProperties as JsonSchema), tree?.values) }
          : {};
      return { ...entries, ...Object.fromEntries(needed), ...Object.assign({}, ...rules.map((each) => each?.needs)) };
    }
    case "array":
      return Number(schema.minItems ?? 0) > 0 ? [minimal(resolved(schema.items as JsonSchema), tree?.items)] : [];
    case "string": {
      const [first] = rules.flatMap((each) => each?.accepts ?? []);
      if (first !== undefined) return first;
      if (typeof schema.pattern !== "string") return "a".repeat(Math.max(1, Number(schema.minLength ?? 1)));
      const known = ["a", "", "YQ==", "2026-11-21T10:00:00Z", "1s"].find((each) =>
        new RegExp(schema.pattern as string, "u").test(each),
      );
      if (known === undefined) throw new Error(`no example text for ${schema.pattern}`);
      return known;
    }
    case "integer":
    case "number":
      return rules.flatMap((each) => each?.accepts ?? [])[0] ?? Math.max(1, Number(schema.minimum ?? 1));
    case "boolean":
      return true;
    default:
      return {};
  }
}

const wrongType = (schema: JsonSchema): unknown =>
  [schema.type].flat().includes("object") ? "text" : { wrong: "type" };

function outside(schema: JsonSchema): readonly number[] {
  return [
    ...(typeof schema.minimum === "number" ? [schema.minimum - 1] : []),
    ...(typeof schema.maximum === "number" ? [schema.maximum + 1] : []),
  ];
}

/** Values just over or under a node's lengths and counts. */
function tooLong(schema: JsonSchema, usual: unknown): readonly unknown[] {
  const items = schema.items as JsonSchema | undefined;
  return [
    ...(typeof schema.maxLength === "number" ? ["a".repeat(schema.maxLength + 1)] : []),
    ...(typeof schema.minLength === "number" && schema.minLength > 0 ? [""] : []),
    ...(typeof schema.maxItems === "number" && items !== undefined
      ? [Array.from({ length: schema.maxItems + 1 }, () => minimal(resolved(items), undefined))]
      : []),
    ...(typeof schema.minItems === "number" && schema.minItems > 0 ? [[]] : []),
    ...(typeof schema.maxProperties === "number" && isMap(schema)
      ? [
          Object.fromEntries(
            Array.from({ length: schema.maxProperties + 1 }, (_, index) => [
              `${1000 + index}`,
              minimal(resolved(schema.additionalProperties as JsonSchema), undefined),
            ]),
          ),
        ]
      : []),
    ...(typeof schema.minProperties === "number" && schema.minProperties > 0 && usual !== undefined ? [{}] : []),
  ];
}
