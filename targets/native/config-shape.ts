import type { ProxyConfig } from "./config.ts";
import { dangling } from "./dangling.ts";
import { proxyConfigValidator } from "./validate.generated.js";

/** The validator's own shape: ajv's standalone code. */
export interface Validator {
  (value: unknown): boolean;
  readonly errors?:
    | readonly {
        readonly instancePath: string;
        readonly message?: string;
        readonly params: Readonly<Record<string, unknown>>;
      }[]
    | null;
}

/**
 * What is not as `docs/proxy-config.schema.json` says, or refers to what is not there, each with a JSON pointer; none: it is a
 * `ProxyConfig`.
 */
export const configViolations = (value: unknown): readonly string[] => {
  if (proxyConfigValidator(value)) return dangling(value as ProxyConfig);
  // Conditionals report themselves after what they found: the first error is the nearest.
  const [error] = proxyConfigValidator.errors ?? [];
  const extra = error?.params["additionalProperty"];
  return [
    `${error?.instancePath ?? ""}: ${error?.message ?? "has another shape"}${typeof extra === "string" ? ` (${extra})` : ""}`,
  ];
};
