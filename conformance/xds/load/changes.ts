import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "../../../compiler/pipeline.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { files, topics, type Files, type Topic, type Turns } from "./files.ts";

export interface Change {
  readonly what: string;
  /** Those files of the mesh folder that are others now; of the first mesh all. */
  readonly files: Files;
  /** What the folder means from then on. */
  readonly mesh: Mesh;
}

/** What somebody writes to a mesh folder; what is there already stays. */
export const edited = (folder: string, texts: Files): void => {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
};

/** So many topics that take turns: 7 and 10 share no factor, so each has its turn in ten, and neighbours are strangers. */
export const inTurns = (count: number): readonly Topic[] =>
  Array.from({ length: count }, (_, index) => topics[(index * 7) % topics.length]!);

/** A first mesh and its changes, each of the topic given. They are compiled in a folder for that alone. */
export const changes = async (about: readonly Topic[], folder: string): Promise<readonly Change[]> => {
  let turns = Object.fromEntries(topics.map((topic) => [topic, 0])) as unknown as Turns;
  let written: Files = {};
  const change = async (what: string): Promise<Change> => {
    const before = written;
    written = files(turns);
    const others = Object.fromEntries(Object.entries(written).filter(([path, text]) => before[path] !== text));
    edited(folder, others);
    const { value, diagnostics } = await compile(folder, { types: false });
    if (value === undefined) throw new Error(`${what}: ${diagnostics.map(({ message }) => message).join("; ")}`);
    return { what, files: others, mesh: value.mesh };
  };
  const all = [await change("the first mesh")];
  for (const topic of about) {
    turns = { ...turns, [topic]: turns[topic] + 1 };
    all.push(await change(topic));
  }
  return all;
};
