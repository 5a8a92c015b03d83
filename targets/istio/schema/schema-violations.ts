import { choicesAt, ruleViolations } from "./rule-violations.ts";
import type { Validator, ValidatorError } from "./validator.ts";
import type { SchemaViolation } from "./violation.ts";
import * as generated from "./validators.generated.js";

const validators: Readonly<Record<string, Validator | undefined>> = generated;

/**
 * What the pinned Istio's CRDs have against an object: its schema (closed: an unknown field is a violation, which the
 * API server only refuses when asked to) and, where that holds, its CEL rules. Empty means the object would be accepted.
 * An object of a kind that has no schema here is a violation at `/kind`; so is a version that Istio does not serve.
 */
export function schemaViolations(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): readonly SchemaViolation[] {
  const validator = Object.hasOwn(validators, object.kind) ? validators[object.kind] : undefined;
  if (validator === undefined) return [{ path: "/kind", message: `no schema for kind ${object.kind}` }];
  if (validator(object)) return ruleViolations(object.kind, object);
  return (validator.errors ?? []).flatMap((error) => violation(object.kind, error));
}

function violation(kind: string, error: ValidatorError): readonly SchemaViolation[] {
  // What happens inside an alternative is summed up by the error of the whole.
  if (/\/(oneOf|anyOf|not|propertyNames)\//.test(error.schemaPath)) {
    return error.propertyName === undefined
      ? []
      : [{ path: pointer(error.instancePath, error.propertyName), message: "is not a valid key" }];
  }
  const { params, instancePath: path } = error;
  switch (error.keyword) {
    case "additionalProperties":
      return [{ path: pointer(path, params.additionalProperty), message: "unknown field" }];
    case "required":
      return [{ path: pointer(path, params.missingProperty), message: "required field is missing" }];
    case "oneOf":
      return [
        {
          path,
          message: `only one of ${choicesAt(kind, path)
            .map((names) => names.join(", "))
            .join("; of ")} can be set`,
        },
      ];
    case "type":
      return [{ path, message: `must be ${[params.type].flat().join(" or ")}` }];
    case "enum":
      return [{ path, message: `must be one of ${[params.allowedValues].flat().join(", ")}` }];
    case "const":
      return [{ path, message: `must be ${JSON.stringify(params.allowedValue)}` }];
    case "pattern":
      return [{ path, message: `must match ${String(params.pattern)}` }];
    case "minimum":
    case "maximum":
      return [{ path, message: `must be ${String(params.comparison)} ${String(params.limit)}` }];
    case "propertyNames":
      return [];
    default: {
      const bound = bounds[error.keyword];
      return [
        { path, message: bound === undefined ? `violates ${error.keyword}` : `${bound} ${String(params.limit)}` },
      ];
    }
  }
}

const bounds: Readonly<Record<string, string | undefined>> = {
  minLength: "characters must be at least",
  maxLength: "characters must be at most",
  minItems: "items must be at least",
  maxItems: "items must be at most",
  minProperties: "entries must be at least",
  maxProperties: "entries must be at most",
};

function pointer(path: string, key: unknown): string {
  return `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
