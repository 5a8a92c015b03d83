/** One comparison in a process of its own, phase by phase: node bench/diff/phases.ts, in the mesh folder; prints one object. */
import { compiledBase } from "../../cli/diff/base.ts";
import { shownDiff } from "../../cli/diff/shown.ts";
import { meshChanges } from "../../compiler/diff/index.ts";
import { locate, readyToLocate } from "../../compiler/load/index.ts";
import { compile } from "../../compiler/pipeline.ts";
import { diffText } from "../../compiler/preview/diff/text.ts";
import { accesses } from "../../lib/requests/decided/access.ts";
import { Decided } from "../../lib/requests/decided/decided.ts";
import { Space } from "../../lib/requests/space.ts";

const timed = async <T>(work: () => T | Promise<T>): Promise<readonly [T, number]> => {
  const started = performance.now();
  const value = await work();
  return [value, performance.now() - started];
};

const [[head, found], compiles] = await timed(() =>
  Promise.all([compile("."), compiledBase({ mesh: ".", base: "HEAD" }).finally(readyToLocate)]),
);
if (head.value === undefined || "diagnostics" in found) throw new Error("the bench's mesh compiles");
const { mesh } = head.value;
const [changes, comparison] = await timed(() => meshChanges(found.base.compiled, head.value!));
const [text, showing] = await timed(async () =>
  diffText(
    await shownDiff(changes, {
      head: { mesh: ".", spansOf: (origins) => locate(".", { types: false }, origins) },
      base: found.base,
      failOn: [],
      fromTop: false,
    }),
    { colour: false },
  ),
);
await found.base.remove();
const [access, whoCanCallWhat] = await timed(() => {
  const space = new Space(mesh.platform.pathNormalization);
  return accesses(new Decided(mesh, space), space);
});
console.log(
  JSON.stringify({
    compiles,
    comparison,
    showing,
    whoCanCallWhat,
    changes: changes.changes.length,
    characters: text.length,
    edges: access.reduce((sum, { groups }) => sum + groups.reduce((all, { callers }) => all + callers.length, 0), 0),
  }),
);
