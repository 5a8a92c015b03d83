import { refusal } from "../commit/refusal.ts";

/** A revision as it was written: a name, and the way from there. */
export interface Written {
  readonly written: string;
  readonly name: string;
  /** Which parent is taken at each step: `~2` is [1, 1], `^2` is [2]. */
  readonly steps: readonly Step[];
}

/** So many times the first parent, or once the nth. */
export type Step = { readonly generations: number } | { readonly parent: number };

/** A part of gitrevisions(7): what names one commit, now and on every machine. The rest is refused, each with its reason. */
export const writtenRevision = (written: string): Written => {
  const refuse = (why: string): Error => refusal("MESH0201", { written, why });
  if (written === "") throw refuse("it is empty");
  if (written.startsWith("-")) throw refuse("it begins like an option");
  if (written.includes("..") || written.startsWith("^"))
    throw refuse("it names a range of commits (`git merge-base A B` prints the commit where two branches parted)");
  if (written.includes("@{")) throw refuse("it asks what this clone remembers, or for its upstream");
  if (written.startsWith(":/") || written.includes("^{/")) throw refuse("it searches for a message");
  if (written.includes(":")) throw refuse("it names a file, not a commit");
  const [, name = "", suffix = ""] = /^([^~^]*)(.*)$/s.exec(written)!;
  if (/[\0-\x20\x7f?*[\\]/.test(name)) throw refuse("it holds a character that is in no name of a revision");
  if (name === "") throw refuse("it names no commit to start from");

  const steps: Step[] = [];
  let rest = suffix;
  while (rest !== "") {
    const found = /^(?:~(?<generations>\d{0,9})|\^\{(?<peeled>commit)?\}|\^(?<parent>\d{0,9}))/.exec(rest);
    const { generations, parent } = found?.groups ?? {};
    if (found === null || /^\d|^\{/.test(rest.slice(found[0].length)))
      throw refuse(`\`${rest}\` is no way to an ancestor`);
    if (generations !== undefined) steps.push({ generations: generations === "" ? 1 : Number(generations) });
    // `^0` and `^{commit}` mean the commit itself, which is what a revision ends with anyway.
    else if (parent !== undefined && Number(parent) !== 0) steps.push({ parent: Number(parent) });
    else if (parent === "") steps.push({ parent: 1 });
    rest = rest.slice(found[0].length);
  }
  return { written, name: name === "@" ? "HEAD" : name, steps };
};
