import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How the image starts its program, with this Node and this file of it. */
export const entryPoint = (node: string, program: string): readonly [string, ...string[]] => {
  const file = join(import.meta.dirname, "../../../install/Containerfile");
  const [, said] = /^ENTRYPOINT (.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
  const [, ...options] = JSON.parse(said ?? "[]") as readonly string[];
  const original = options.pop();
  if (original === undefined) throw new Error(`${file} starts nothing`);
  return [node, ...options, program];
};
