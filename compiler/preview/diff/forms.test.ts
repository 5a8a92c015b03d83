import { describe, expect, test } from "vitest";
import type { ShownChange, ShownDiff } from "./shown-diff.ts";
import { diffAnnotations } from "./github.ts";
import { diffMarkdown } from "./markdown.ts";
import { diffText } from "./text.ts";

const hostile =
  "</details>\u001b[31m`*_[x](javascript:a)\u202e\r\n::error::<!-- --><script>alert(1)</script>@all #1 ```";

const change = (text: string): ShownChange => ({
  kind: "access",
  subject: text,
  title: text,
  risks: ["opens-access"],
  sets: [{ callers: [text], who: text, from: [text], requests: [text], tests: [] }],
  before: text,
  after: text,
  witness: { call: { from: "outside", to: { kind: "elsewhere" }, port: 80, request: "connection" }, command: text },
  causes: [{ revision: "head", file: text, line: 1, source: text }],
});

const diff = (changes: readonly ShownChange[], summary: readonly string[]): ShownDiff => ({
  base: "main (0123456789)",
  head: "policies/shop",
  environment: undefined,
  summary,
  changes,
  refused: ["opens-access"],
  notes: [hostile],
});

describe("Markdown", () => {
  test("is never longer than a comment may be, keeps its summary, and closes what it opens", () => {
    for (const [count, length] of [
      [5, 10],
      [500, 300],
      [3, 60_000],
      [20_000, 40],
    ] as const) {
      const long = "a".repeat(length);
      const text = diffMarkdown(
        diff(
          Array.from({ length: count }, () => change(long)),
          Array.from({ length: count }, () => `S ${long}`),
        ),
      );
      expect(text.length).toBeLessThanOrEqual(65_536);
      expect(text).toContain("### Mesh: S a");
      expect(text).toContain("**Refused:** this opens access");
      expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
    }
  });

  test("is what we say, and never what a policy's author says", () => {
    const text = diffMarkdown(diff([change(hostile)], [hostile]));
    const outside = text.replaceAll(/^(`{3,})sh\n[\s\S]*?\n\1$/gm, "");
    expect(outside).not.toMatch(/<script|<!--|\[x\]\(|^::/m);
    expect(text).not.toMatch(/[\p{Cf}\r]|(?!\n)\p{Cc}/u);
    expect(outside.match(/<\/details>/g)?.length).toBe(1);
  });
});

test("a terminal gets no control characters but ours", () => {
  const text = diffText(diff([change(hostile)], [hostile]), { colour: false });
  expect(text).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u);
});

test("an annotation is one command on one line, whatever its text", () => {
  const lines = diffAnnotations(diff([change(hostile), change("a:b,c%0Ad")], ["x"]))
    .trimEnd()
    .split("\n");
  expect(lines.length).toBe(2);
  for (const line of lines) expect(line).toMatch(/^::error file=[^:]*,line=1,title=opens access::/);
});
