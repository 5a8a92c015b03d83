import type { EdgeMarks, PictureNode } from "../page/picture.ts";

/** A node as one mesh has it. */
export interface SeenNode extends Pick<PictureNode, "id" | "kind" | "namespace" | "name" | "proxied"> {
  readonly facts: readonly SeenFact[];
}

/** An edge as one mesh has it. */
export interface SeenEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly marks: EdgeMarks;
  readonly facts: readonly SeenFact[];
}

/** Part of what holds, with every line of it; how many are shown is decided when it is known which differ. */
export interface SeenFact {
  readonly title: string;
  readonly lines: readonly string[];
}
