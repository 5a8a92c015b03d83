import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { meshAtRevision } from "./index.ts";
import { temporary, threeCommits } from "./fixture.ts";

const pages = new URL("../../docs/diagnostics/", import.meta.url);
const examples = readdirSync(pages)
  // MESH0213 is of a base that can be read and does not compile: `cli/diff.test.ts`.
  .filter((name) => /^MESH02/.test(name) && name !== "MESH0213.md")
  .map((name) => ({
    code: name.slice(0, -".md".length),
    example: /```sh\n(.*?)```/s.exec(readFileSync(new URL(name, pages), "utf8"))?.[1] ?? "",
  }));

const before = process.env["TMPDIR"];
afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
});

/**
 * A page's example is a shell script that begins in a repository with three commits of a mesh. It is run as it stands, but
 * that `mesh-compile` only notes with what it was called: the base is then looked up here, in this process.
 */
test.for(examples)("the example on the page of $code is what it speaks of", async ({ code, example }) => {
  const { folder, shell } = threeCommits();
  const [bin, elsewhere] = [temporary(), temporary()];
  const note = join(bin, "note");
  writeFileSync(join(bin, "mesh-compile"), `#!/bin/sh\nprintf '%s\\n' "$TMPDIR" "$@" > ${note}\n`);
  chmodSync(join(bin, "mesh-compile"), 0o755);
  shell(example, { PATH: `${bin}:${process.env["PATH"]}`, ELSEWHERE: elsewhere });

  expect(existsSync(note), "the example runs mesh-compile").toBe(true);
  const [tmpdir = "", diff, ...options] = readFileSync(note, "utf8").trimEnd().split("\n");
  expect([diff, options[0], options[2], options.length]).toEqual(["diff", "--mesh", "--base", 4]);
  if (tmpdir !== "") process.env["TMPDIR"] = tmpdir;
  const { diagnostics } = await meshAtRevision(resolve(folder, options[1]!), options[3]!);
  expect(diagnostics.map((found) => found.code)).toEqual([code]);
});
