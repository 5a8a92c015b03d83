import { expect, test } from "vitest";
import { firstLines } from "./first-lines.ts";

test("ten lines are said, and of more how many they are", () => {
  const lines = Array.from({ length: 12 }, (_, line) => `line ${line}`);
  expect(firstLines(lines.slice(0, 10))).toBe(lines.slice(0, 10).join("\n"));
  expect(firstLines(lines)).toBe([...lines.slice(0, 10), "and 2 more"].join("\n"));
});
