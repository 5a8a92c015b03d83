import { expect, test } from "vitest";
import { displayWidth } from "../diagnostics/display-width.ts";
import { table } from "./table.ts";

test("columns are aligned, and cells of several items take several lines", () => {
  expect(
    table(
      ["A", "B"],
      [
        [["long", "er"], ["x"]],
        [["y"], ["1", "2"]],
      ],
      80,
    ),
  ).toBe("A     B\nlong  x\ner\ny     1\n      2\n");
});

test("folds what is too wide and loses none of it", () => {
  const word = "abcdefghijklmnopqrstuvwxyz".repeat(3);
  const text = table(["A", "B"], [[[word], ["日本語".repeat(10)]]], 40);
  expect(Math.max(...text.split("\n").map(displayWidth))).toBeLessThanOrEqual(40);
  expect(text.replace(/[^a-z]/g, "")).toBe(word);
  expect(text.replace(/[^日本語]/gu, "")).toHaveLength(30);
});
