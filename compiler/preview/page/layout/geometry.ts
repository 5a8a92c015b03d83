import type { PictureNode } from "../picture.ts";

/** A rectangle of the drawing, in its own units: one is a pixel at natural size. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a node stands. */
export interface PlacedNode extends Box {
  readonly node: PictureNode;
  readonly layer: number;
  /** Index of its group. */
  readonly group: number;
}

/** A point of the drawing. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Sizes that the layout and the ink share. */
export const sizes = {
  node: { width: 184, height: 46 },
  row: 26,
  column: 28,
  side: 22,
  title: 36,
  margin: 28,
} as const;
