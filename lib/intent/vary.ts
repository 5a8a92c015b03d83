import { evaluation } from "./evaluation.ts";

/**
 * A value that differs between environments, with only the differences written:
 * `timeout: vary({ default: "2s", production: "1s" })`. Without `--env`, or for another environment: `default`.
 */
export const vary = <const T>(values: { readonly default: T; readonly [environment: string]: T }): T => {
  const compiler = evaluation();
  compiler?.varies?.(Object.keys(values).filter((name) => name !== "default"));
  const environment = compiler?.environment;
  return environment !== undefined && Object.hasOwn(values, environment) ? (values[environment] as T) : values.default;
};
