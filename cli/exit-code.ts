/** What every command's exit code means; docs/exit-codes.md says the same to users. */
export const exitCode = {
  ok: 0,
  /** Errors in what was given: policies, manifests, arguments. Nothing was written. */
  errors: 1,
  /** Nothing is wrong, but something differs: a stale graph, changed meaning. */
  differs: 2,
  /** A gate refused. */
  refused: 3,
  /** A bug of ours. */
  internal: 70,
} as const;
