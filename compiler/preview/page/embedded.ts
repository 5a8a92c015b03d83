import type { EdgeMarks, PictureFact, PictureNode, PictureState } from "./picture.ts";

/**
 * What the page's own script is given: the picture without its ids. Things are named by their place in these lists, as the
 * elements of the drawing are, so that no name of a user's becomes a selector.
 */
export interface Embedded {
  readonly width: number;
  readonly height: number;
  readonly base?: string;
  readonly head?: string;
  readonly groups: readonly EmbeddedGroup[];
  /** Each fact once: what holds for one service often holds for many. */
  readonly facts: readonly PictureFact[];
  readonly nodes: readonly EmbeddedNode[];
  readonly edges: readonly EmbeddedEdge[];
  readonly changes: readonly { readonly nodes: readonly number[]; readonly edges: readonly number[] }[];
}

/** A namespace's panel. */
export interface EmbeddedGroup {
  readonly name: string;
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

/** A node with its place. */
export interface EmbeddedNode {
  readonly kind: PictureNode["kind"];
  readonly name: string;
  readonly namespace?: string;
  readonly proxied: boolean;
  readonly before?: { readonly proxied: boolean };
  readonly state: PictureState;
  readonly facts: readonly number[];
  readonly group: number;
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

/** An edge between two nodes of the list. */
export interface EmbeddedEdge extends EdgeMarks {
  readonly from: number;
  readonly to: number;
  readonly port: number;
  readonly before?: EdgeMarks;
  readonly state: PictureState;
  readonly facts: readonly number[];
  /** Where its label stands. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
}
