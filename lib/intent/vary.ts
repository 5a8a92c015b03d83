/** What the compiler tells the modules that it evaluates; absent outside an evaluation, such as in an author's own tests. */
interface Evaluation {
  readonly environment?: string;
  readonly varies?: (environments: readonly string[]) => void;
}

/**
 * A value that differs between environments, with only the differences written:
 * `timeout: vary({ default: "2s", production: "1s" })`. Without `--env`, or for another environment: `default`.
 */
export const vary = <const T>(values: { readonly default: T; readonly [environment: string]: T }): T => {
  const evaluation = (globalThis as { readonly __meshwright?: Evaluation }).__meshwright;
  evaluation?.varies?.(Object.keys(values).filter((name) => name !== "default"));
  const environment = evaluation?.environment;
  return environment !== undefined && Object.hasOwn(values, environment) ? (values[environment] as T) : values.default;
};
