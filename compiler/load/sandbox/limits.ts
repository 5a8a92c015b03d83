/** What one evaluation may use before its process is killed. */
export interface Limits {
  /** Of processor time where the system tells it, else of wall time. */
  readonly seconds: number;
  /** Of heap; the process as a whole may have `megabytes` more than a bare Node. */
  readonly megabytes: number;
  /** Of data that all intents may come to: their text, and 64 bytes for each value in it. */
  readonly resultMegabytes: number;
}

export const defaultLimits: Limits = { seconds: 20, megabytes: 1024, resultMegabytes: 128 };
