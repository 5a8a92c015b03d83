import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { differences, witness } from "../../compiler/diff/exact/differences.ts";
import { meshesOf, randomPair } from "../../golden/random/pair.ts";
import type { Call } from "../../lib/model/call.ts";
import { decide } from "../../lib/model/decide/index.ts";
import { meaningOf } from "../../lib/model/decide/meaning.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { Decided } from "../../lib/requests/decided/decided.ts";
import { Space } from "../../lib/requests/space.ts";
import { callOf } from "./call.ts";
import { explainCommand } from "./command.ts";

/** The words as a shell hands them over. */
const words = (command: string): readonly string[] =>
  execFileSync("sh", ["-c", `for word in ${command}; do printf '%s\\0' "$word"; done`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);

const asked = (command: string, mesh: Mesh) => {
  const [, , request = "", ...options] = words(command);
  const values = (name: string) => options.flatMap((word, index) => (options[index - 1] === name ? [word] : []));
  return callOf({ request, from: values("--from")[0]!, headers: values("-H"), address: values("--address")[0] }, mesh);
};

/** What is compared of two ways to write a call: a Host says the same with its port and without. */
const meant = (call: Call, mesh: Mesh): string =>
  JSON.stringify(meaningOf(decide({ client: mesh, server: mesh }, call))).replaceAll(/("host":"[^":]*):\d+"/g, '$1"');

test("a witness, pasted into a shell, asks about the call that it was made of", () => {
  let tried = 0;
  for (let seed = 1; tried < 150; seed += 1) {
    const [before, after] = meshesOf(randomPair(seed));
    const space = new Space(before.platform.pathNormalization);
    const revisions = {
      before: new Decided(before, space),
      after: new Decided(after, space),
      diagrams: space.diagrams,
    };
    for (const difference of differences(revisions, space).slice(0, 12)) {
      const call = witness(difference, space);
      const command = explainCommand(call);
      const read = asked(command, after);
      if (!("call" in read)) throw new Error(`${command}: ${read.refused}`);
      expect(meant(read.call, after), command).toBe(meant(call, after));
      tried += 1;
    }
  }
});

test("what a header says is one word to a shell, whatever it says", () => {
  const value = `it's $(touch /tmp/never) \`x\` "y" \\ ; rm -rf ~ & |`;
  const call: Call = {
    from: "shop/a",
    to: { kind: "elsewhere" },
    port: 80,
    request: { method: "GET", target: "/$HOME", host: "a.example.com", headers: [["x", value]] },
  };
  expect(words(explainCommand(call))).toContain(`x: ${value}`);
});
