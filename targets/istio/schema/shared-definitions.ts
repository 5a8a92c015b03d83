import type { JsonSchema } from "./object-meta.ts";

/** Closed schemas with what they have in common written once: `definitions` are referred to as `istio#/$defs/NAME`. */
export interface SharedSchemas {
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  readonly kinds: Readonly<Record<string, JsonSchema>>;
}

/** Below this many characters a reference costs more, in code and in time, than the repetition. */
const worthSharing = 150;

/** Istio's CRDs repeat a traffic policy four times and every string match a dozen times; shared, the generated code is a tenth. */
export function sharedSchemas(schemas: Readonly<Record<string, JsonSchema>>): SharedSchemas {
  const uses = new Map<string, number>();
  for (const schema of Object.values(schemas)) count(schema, uses);
  const definitions: Record<string, JsonSchema> = {};
  const names = new Map<string, string>();

  const shared = (value: unknown, name: string, isSchema: boolean): unknown => {
    if (Array.isArray(value)) return value;
    if (typeof value !== "object" || value === null) return value;
    const text = JSON.stringify(value);
    const known = names.get(text);
    if (known !== undefined) return { $ref: `istio#/$defs/${known}` };
    const inner = Object.fromEntries(
      Object.entries(value).map(([key, child]) => {
        if (key === "properties" && isSchema)
          return [
            key,
            Object.fromEntries(Object.entries(child as object).map(([each, sub]) => [each, shared(sub, each, true)])),
          ];
        return [key, key === "items" || key === "additionalProperties" ? shared(child, name, true) : child];
      }),
    );
    if (!isSchema || text.length < worthSharing || (uses.get(text) ?? 0) < 2) return inner;
    let free = name;
    for (let index = 2; free in definitions; index++) free = `${name}${index}`;
    definitions[free] = inner;
    names.set(text, free);
    return { $ref: `istio#/$defs/${free}` };
  };

  const kinds = Object.fromEntries(
    Object.entries(schemas).map(([kind, schema]) => [kind, shared(schema, kind, true) as JsonSchema]),
  );
  return { definitions, kinds };
}

function count(value: unknown, uses: Map<string, number>): void {
  if (typeof value !== "object" || value === null) return;
  const text = JSON.stringify(value);
  uses.set(text, (uses.get(text) ?? 0) + 1);
  for (const child of Object.values(value)) count(child, uses);
}
