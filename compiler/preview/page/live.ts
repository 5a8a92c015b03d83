import type { EdgeMarks } from "./picture.ts";

/** What the page of a mesh that runs is told each second; names are as they are, the page shows them as text. */
export interface LiveState {
  /** Of the drawing that edges are numbered in: a page that has another one asks for it anew. */
  readonly drawing: string;
  /** What the last change means, and when it came into force. */
  readonly inForce: { readonly since: string; readonly says: string };
  /** Why what is on the disk is not in force. */
  readonly broken?: string;
  /** Workloads whose proxies do not answer. */
  readonly silent: readonly string[];
  readonly edges: readonly LiveEdge[];
}

/** What goes over an edge of the drawing, by its place in the list; what rests is left out. */
export interface LiveEdge {
  readonly edge: number;
  /** Requests, or connections that ended, a second: all, those answered with 403, those that failed. */
  readonly perSecond: number;
  readonly refused: number;
  readonly failed: number;
  readonly mtls: EdgeMarks["mtls"];
  /** Who got how much of it, from 0 to 1; at least two. */
  readonly split: readonly { readonly label: string; readonly fraction: number }[];
}

/** A request that somebody wants to be sent: as `mesh-compile explain` takes it. */
export interface TriedRequest {
  readonly from: string;
  readonly method: string;
  readonly url: string;
  /** As "name: value". */
  readonly headers: readonly string[];
}

/** What came of it, and what the policies say that comes of it. */
export type Tried =
  | { readonly refused: string }
  | {
      readonly explanation: string;
      /** A sentence where no answer came. */
      readonly answer: TriedAnswer | string;
    };

export interface TriedAnswer {
  readonly status: number;
  readonly milliseconds: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Its start. */
  readonly body: string;
  readonly isWhole: boolean;
}

/** What only the page of a mesh that runs has. */
export interface Live {
  readonly drawing: string;
  /** Who can be made to call: workloads, and `outside`. */
  readonly callers: readonly string[];
  /** What the form has at first. */
  readonly example: string;
}
