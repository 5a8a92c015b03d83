/** What somebody else did to an object of ours. */
export interface Healing {
  /** `VirtualService shop/cart`. */
  readonly name: string;
  readonly what: "changed" | "deleted";
  /** The managers that own what was ours, as `metadata.managedFields` says. */
  readonly by: readonly string[];
}
