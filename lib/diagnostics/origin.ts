/**
 * Where an authored value stands: a pointer from the policy module's default export to the property.
 * A pointer costs nothing to carry; its span is found only when something must be reported (docs/decisions/0002).
 */
export interface Origin {
  /** The module, relative to the mesh folder, or a manifest for values that came with the graph. */
  readonly module: string;
  readonly path: readonly (string | number)[];
}

/** The origin of a property below `origin`. */
export const at = (origin: Origin, ...path: readonly (string | number)[]): Origin => ({
  module: origin.module,
  path: [...origin.path, ...path],
});
