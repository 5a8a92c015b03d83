import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loaded } from "./fixture.ts";

const pages = new URL("../../docs/diagnostics/", import.meta.url);

/** Those whose example is a module; the others need a command, or no example is known. */
const examples = readdirSync(pages)
  .filter((name) => /^MESH00/.test(name) && !/^MESH00(?:12|26)/.test(name))
  .map(
    (name) =>
      [
        name.slice(0, -".md".length),
        /```ts\n([^]*?)```/.exec(readFileSync(new URL(name, pages), "utf8"))?.[1] ?? "",
      ] as const,
  )
  .filter(([, example]) => example !== "");

test.each(examples)("the example of %s produces it", async (code, example) => {
  const name = example.startsWith("// mesh.config.ts") ? "mesh.config.ts" : "example.ts";
  // A bomb must reach its size before its time is over, however busy the machine.
  const limits = { seconds: code === "MESH0024" ? 10 : 1.5, megabytes: 128, resultMegabytes: 2 };
  const { diagnostics } = await loaded({ [name]: example }, { types: code === "MESH0011", limits });
  expect(diagnostics.map((found) => found.code)).toEqual([code]);
});
