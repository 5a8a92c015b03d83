/** How a proxy stands with the control plane that tells it what to do. */
export interface ControlStatus {
  /** `ADDRESS:PORT`, as it was dialled. */
  readonly address: string;
  readonly connected: boolean;
  /** ISO 8601; since when it is connected, or is not. */
  readonly since: string;
  /** Why it is not connected. */
  readonly reason?: string;
  /** The version that was taken last, in the control plane's words. */
  readonly version?: string;
  /** What was told last and is not in force. */
  readonly refused?: { readonly version: string; readonly reason: string };
  /** Counted since the start. */
  readonly counts: { readonly taken: number; readonly refused: number };
}

/** Who puts in force what a proxy is told. */
export interface Taking {
  /** Resolves when it is in force everywhere; rejects with the reason when what was before is. */
  readonly taken: (text: string) => Promise<void>;
  /** Whether what was taken last is in force everywhere. */
  readonly stands: () => Promise<boolean>;
}
