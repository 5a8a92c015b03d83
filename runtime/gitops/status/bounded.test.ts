import { expect, test } from "vitest";
import fc from "fast-check";
import { bounded } from "./bounded.ts";

test("a text is never longer than allowed, and a short one stays as it is", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 40 })),
      fc.integer({ min: 30, max: 120 }),
      (lines, most) => {
        const text = lines.join("\n");
        const cut = bounded(text, most);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
        expect(cut.isWellFormed()).toBe(true);
        if (Buffer.byteLength(text) <= most) expect(cut).toBe(text);
      },
    ),
  );
});

test("whole lines stay, and it says how many do not", () => {
  expect(bounded(["a.ts:1:1: no", "b.ts:2:2: no", "c".repeat(60)].join("\n"), 60)).toBe(
    "a.ts:1:1: no\nb.ts:2:2: no\n… and 1 more lines",
  );
});

test("a line that does not fit is cut between characters", () => {
  expect(bounded("ü".repeat(30), 30)).toBe(`${"ü".repeat(13)}…`);
});
