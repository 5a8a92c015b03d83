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
  node: { narrow: 118, wide: 184, height: 46 },
  gap: 100,
  row: 34,
  column: 28,
  side: 16,
  title: 34,
  margin: 24,
} as const;
