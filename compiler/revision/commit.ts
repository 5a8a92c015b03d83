import { nearest } from "../../lib/diagnostics/nearest.ts";
import type { Objects } from "./objects.ts";
import { commitOf, type Commit } from "../commit/commit.ts";
import { refusal } from "../commit/refusal.ts";
import { writtenRevision, type Written } from "./revision-syntax.ts";

/** The commit that a revision names. */
export const commitNamed = async (objects: Objects, revision: string): Promise<Commit> => {
  const written = writtenRevision(revision);
  let commit = await peeled(objects, written, await startOf(objects, written));
  for (const step of written.steps) {
    if ("parent" in step) commit = await parentOf(objects, written, commit, step.parent);
    else for (let left = step.generations; left > 0; left -= 1) commit = await parentOf(objects, written, commit, 1);
  }
  return commit;
};

/** Refs go before abbreviated ids, as in Git: a branch may be called `beef`. */
const startOf = async (objects: Objects, written: Written): Promise<string> => {
  const { name } = written;
  const isId = /^[0-9a-f]{40}$/i.test(name);
  if (isId) return name.toLowerCase();
  const id = await objects.named(name);
  if (id !== undefined) return id;
  if (/^[0-9a-f]{4,39}$/i.test(name)) {
    const found = await objects.abbreviated(name.toLowerCase());
    const commits: string[] = [];
    for (const candidate of found) {
      const type = (await objects.object(candidate))?.type;
      if (type === "commit" || type === "tag") commits.push(candidate);
    }
    if (commits.length === 1) return commits[0]!;
    const candidates = (commits.length > 0 ? commits : found).slice(0, 5);
    if (candidates.length > 1) throw refusal("MESH0203", { written: name, candidates });
    if (candidates.length === 1) return candidates[0]!;
    if (objects.shallow.size > 0 && name.length >= 7) throw refusal("MESH0204", { written: written.written });
  }
  if (name === "HEAD") throw noSuch(objects, written, "there is no commit yet");
  throw noSuch(objects, written, undefined, nearest(name, await objects.names()));
};

const noSuch = (objects: Objects, { written }: Written, why?: string, near?: string): Error =>
  refusal("MESH0202", { written, why, near, shallow: objects.shallow.size > 0 });

/** Follows annotated tags, of which one can be about another. */
const peeled = async (objects: Objects, written: Written, start: string): Promise<Commit> => {
  let id = start;
  for (let left = 64; left > 0; left -= 1) {
    const found = await objects.object(id);
    if (found === undefined) {
      if (objects.shallow.size > 0) throw refusal("MESH0204", { written: written.written });
      if (id !== written.name.toLowerCase()) throw refusal("MESH0208", { object: id, reason: "it is missing" });
      throw noSuch(objects, written, "no commit of this clone has that id");
    }
    if (found.type === "commit") return commitOf(id, found.bytes);
    if (found.type !== "tag") throw noSuch(objects, written, `it is a ${found.type}, not a commit`);
    const target = /^object ([0-9a-f]{40})\n/.exec(found.bytes.toString("latin1", 0, 64))?.[1];
    if (target === undefined) throw refusal("MESH0208", { object: id, reason: "it is no tag" });
    id = target;
  }
  throw refusal("MESH0208", { object: id, reason: "it is a tag of a tag without end" });
};

const parentOf = async (objects: Objects, written: Written, { id, parents }: Commit, nth: number): Promise<Commit> => {
  const parent = parents[nth - 1];
  const beyond = objects.shallow.has(id);
  const found = parent === undefined || beyond ? undefined : await objects.object(parent);
  if (found !== undefined) return commitOf(parent!, found.bytes);
  if (beyond && parent !== undefined) throw refusal("MESH0204", { written: written.written });
  if (parent !== undefined) throw refusal("MESH0208", { object: parent, reason: "it is missing" });
  const has = parents.length === 0 ? "no parent" : `${parents.length} parent${parents.length === 1 ? "" : "s"}`;
  throw noSuch(objects, written, `the commit ${id.slice(0, 10)} has ${has}`);
};
