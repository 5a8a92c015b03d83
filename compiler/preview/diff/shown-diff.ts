import type { Call } from "../../../lib/model/call.ts";
import type { ChangedSet, Change, Risk } from "../../diff/change.ts";
import type { Plan } from "../../rollout/plan.ts";

/** A diff with every place found and every call written as a command: all that any form of it shows. */
export interface ShownDiff {
  readonly base: string;
  readonly head: string;
  readonly environment: string | undefined;
  readonly summary: readonly string[];
  readonly changes: readonly ShownChange[];
  /** Of the gates that were asked for, those that refuse it. */
  readonly refused: readonly Risk[];
  /** What a reader should know of how it was made. */
  readonly notes: readonly string[];
  /** How it would come to a cluster, where that was asked. */
  readonly rollout?: Plan;
}

export interface ShownChange {
  readonly kind: Change["kind"];
  readonly subject: string;
  readonly title: string;
  readonly risks: readonly Risk[];
  readonly sets: readonly ChangedSet[];
  readonly before: string;
  readonly after: string;
  readonly witness: { readonly call: Call; readonly command: string } | undefined;
  readonly causes: readonly ShownCause[];
}

/** What was written: relative to where the command ran, in the head; by revision and path, in the base. */
export interface ShownCause {
  readonly revision: "base" | "head";
  readonly file: string;
  /** One-based; absent where only the file is known. */
  readonly line: number | undefined;
  readonly source: string;
}

export const riskWords: Readonly<Record<Risk, string>> = {
  "opens-access": "opens access",
  "weakens-mtls": "weakens mTLS",
  "denies-traffic": "denies traffic",
  reroutes: "reroutes",
  "widens-scope": "widens scope",
  "drops-resilience": "drops resilience",
  "needs-staging": "needs staging",
  unproved: "unproved",
};

/** Whose requests and which, a line each: `productpage: GET below /reviews/`. */
export const setLines = (sets: readonly ChangedSet[]): readonly string[] =>
  sets.map(({ who, requests }) => `${who}: ${requests.join("; or ")}`);
