/** One way in which an object is not what Istio's API server accepts. `path` is a JSON pointer to the value that is wrong. */
export interface SchemaViolation {
  readonly path: string;
  readonly message: string;
}
