/** Where a suite tells what held; a skip says why. */
export interface Verdicts {
  readonly pass: (what?: string) => void;
  readonly fail: (what: string, why: string) => void;
  readonly skip: (what: string, why: string) => void;
  readonly say: (line: string) => void;
}

export type Suite = (verdicts: Verdicts) => Promise<void>;
