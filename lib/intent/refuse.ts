/**
 * The type of a property that must not stand here. The compiler prints the reason in its error:
 * `Type 'string' is not assignable to type 'Refuse<"write `path` or `prefix`, not both">'`.
 */
export interface Refuse<Reason extends string> {
  readonly [reason]: Reason;
}

declare const reason: unique symbol;
