import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import { configValidator, intentValidator } from "./validators.generated.js";

/** The validators' own shape: ajv's standalone code. */
export interface Validator {
  (value: unknown): boolean;
  readonly errors?:
    | readonly {
        readonly instancePath: string;
        readonly keyword: string;
        readonly params: Readonly<Record<string, unknown>>;
      }[]
    | null;
}

/** What is not shaped as the types of `lib/intent` say; a kind of intent that there is not is told elsewhere. */
export const shapeViolations = (config: unknown, modules: readonly Module[]): readonly Diagnostic[] => [
  ...violations(configValidator, config, { module: "mesh.config.ts", path: [] }),
  ...modules.flatMap(moduleViolations),
];

interface Module {
  readonly module: string;
  readonly value: unknown;
}

const wellShaped = new WeakSet<Module>();

/** A module that was found well shaped stays so. */
const moduleViolations = (evaluated: Module): readonly Diagnostic[] => {
  if (wellShaped.has(evaluated)) return [];
  const found = intentViolations(evaluated.value, { module: evaluated.module, path: [] });
  if (found.length === 0) wellShaped.add(evaluated);
  return found;
};

const intentViolations = (value: unknown, origin: Origin): readonly Diagnostic[] => {
  if (Array.isArray(value))
    return value.flatMap((member, index) => intentViolations(member, { ...origin, path: [...origin.path, index] }));
  const kinds = value as { readonly kind?: unknown; readonly $kind?: unknown } | null;
  const known =
    typeof value === "object" && (kinds?.kind === "policy" || kinds?.kind === "ingress" || kinds?.$kind === "external");
  return known ? violations(intentValidator, value, origin) : [];
};

const violations = (validator: Validator, value: unknown, origin: Origin): readonly Diagnostic[] => {
  if (validator(value)) return [];
  // Conditionals report themselves after what they found: the first error is the nearest.
  const [error] = validator.errors ?? [];
  if (error === undefined) return [];
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  const { params } = error;
  const extra = typeof params["additionalProperty"] === "string" ? [params["additionalProperty"]] : [];
  const place = {
    origin: {
      module: origin.module,
      path: [
        ...origin.path,
        ...[...path, ...extra].map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment)),
      ],
    },
  };
  return [
    diagnostic("MESH1002", { at: [...path, ...extra].join("."), expected: expected(error.keyword, params) }, { place }),
  ];
};

const expected = (keyword: string, params: Readonly<Record<string, unknown>>): string => {
  switch (keyword) {
    case "additionalProperties":
      return "does not belong here";
    case "required":
      return `lacks \`${String(params["missingProperty"])}\``;
    case "type":
      return `must be ${/^[aeiou]/.test(String(params["type"])) ? "an" : "a"} ${String(params["type"])}`;
    case "const":
      return `must be ${JSON.stringify(params["allowedValue"])}`;
    case "enum":
      return `must be one of ${(params["allowedValues"] as readonly unknown[]).map((value) => JSON.stringify(value)).join(", ")}`;
    default:
      return "has a shape that is not allowed here";
  }
};
