import { expect, test } from "vitest";
import { addressesSaid, isAsShown, linesOf } from "./shown.ts";
import { stepsOf } from "./steps.ts";

test("what is said otherwise than shown is not as shown", () => {
  expect(isAsShown(["1 error"], ["1 error"])).toBe(true);
  expect(isAsShown(["1 error"], ["2 errors"])).toBe(false);
  expect(isAsShown(["1 error"], ["1 error", "and more"])).toBe(false);
  expect(isAsShown([], ["something"])).toBe(false);
  expect(isAsShown(["something"], [])).toBe(false);
});

test("an ellipsis stands for lines, or for some of one, and for nothing else", () => {
  expect(isAsShown(["a", "…", "d"], ["a", "b", "c", "d"])).toBe(true);
  expect(isAsShown(["a", "…", "d"], ["a", "d"])).toBe(false);
  expect(isAsShown(["a", "…"], ["b", "c"])).toBe(false);
  expect(isAsShown(['{"a":"v…",…'], ['{"a":"v2","b":1}'])).toBe(true);
  expect(isAsShown(['{"a":"v…",…'], ['{"a":"w2","b":1}'])).toBe(false);
});

test("only times, commits and ports may be others than shown", () => {
  expect(isAsShown(["3 proxies run (10 ms)."], ["3 proxies run (2000 ms)."])).toBe(true);
  expect(isAsShown(["3 proxies run (10 ms)."], ["4 proxies run (10 ms)."])).toBe(false);
  expect(isAsShown(["timeout 2000 ms, 2 retries"], ["timeout 3000 ms, 2 retries"])).toBe(false);
  const [shown, said] = [["at http://127.0.0.1:21006, by name"], ["at http://127.0.0.1:22001, by name"]];
  expect(isAsShown(shown, said)).toBe(true);
  expect([...addressesSaid(shown, said)]).toEqual([["//127.0.0.1:21006", "//127.0.0.1:22001"]]);
});

test("what npm remarks is npm's", () => {
  expect(linesOf("npm warn Unknown user config\nwritten\n\n")).toEqual(["written"]);
  expect(linesOf("npm warn Unknown user config\n")).toEqual([]);
});

test("a section is its installation, its files and its sessions, in order", () => {
  const blocks = [
    "```sh\nnpm install x\n```",
    '```ts\n// a/b.ts\nimport "x";\n```',
    "```console\n$ one\nsaid\n\n  more\n$ two\n```",
  ];
  expect(stepsOf(`# T\n\n## Tour\n\n${blocks.join("\n\ntext\n\n")}\n\n## Next\n\n${blocks[0]}\n`, "Tour")).toEqual([
    { kind: "install", command: "npm install x" },
    { kind: "file", path: "a/b.ts", text: '// a/b.ts\nimport "x";\n' },
    {
      kind: "session",
      commands: [
        { command: "one", shown: ["said", "", "  more"] },
        { command: "two", shown: [] },
      ],
    },
  ]);
  expect(() => stepsOf("\n## Tour\n\n```yaml\na: 1\n```\n", "Tour")).toThrow("neither a session nor a file");
  expect(() => stepsOf("", "Tour")).toThrow("no section");
});
