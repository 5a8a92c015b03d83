import type { Kept, SpansOf } from "../../diagnostics/kept.ts";
import type { Revision } from "../views.ts";

export interface SourceListener {
  readonly taken: (revision: Revision) => void;
  /**
   * What is amiss with what was taken last, told after it: no proxy waits for words. `ofMeshProxies` is what the project's own
   * proxies are not told, or do not carry out: each is told as much as there is, and nobody who has one of them shall hear of the
   * rest from its requests.
   */
  readonly warned: (warnings: readonly Kept[], ofMeshProxies: readonly Kept[]) => void;
  /** What is there now cannot be used: whatever was taken before stays in force. */
  readonly broken: (diagnostics: readonly Kept[]) => void;
}

/** Where revisions come from. */
export interface Source {
  /** Calls the listener for what is there now and whenever that changes, one call after the other, until it is stopped. */
  readonly followed: (listener: SourceListener) => Promise<{ readonly stop: () => Promise<void> }>;
  readonly spansOf: SpansOf;
}
