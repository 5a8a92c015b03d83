import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import { riskWords, setLines, type ShownCause, type ShownChange } from "../diff/shown-diff.ts";
import type { PictureChange, PictureEdge } from "../page/picture.ts";
import { outside } from "./places.ts";
import type { Side } from "./side.ts";

/** A diff's changes, each with the nodes and edges on which it can be seen. */
export const pictureChanges = (
  changes: readonly ShownChange[],
  sides: readonly Side[],
  edges: readonly PictureEdge[],
): readonly PictureChange[] => {
  const subjects = nodesBySubject(sides);
  const changed = edges.filter(({ state }) => state !== "same");
  return changes.map((change): PictureChange => {
    const { subject, title, risks, sets, before, after, witness, causes } = change;
    const about = new Set(namesIn(subject).flatMap((name) => subjects.get(name) ?? []));
    const callers = new Set(sets.flatMap((set) => set.callers.flatMap((caller) => callerNodes(caller, sides))));
    return {
      title: `${subject}: ${title}`,
      risks: risks.map((risk) => riskWords[risk]),
      lines: [
        ...setLines(sets),
        ...(before === "" && after === "" ? [] : [`before: ${before || "nothing"}`, `after: ${after || "nothing"}`]),
      ],
      ...(witness && { witness: witness.command }),
      causes: causes.map(causeWords),
      nodes: [...about],
      edges: shownOn(about, callers, edges, changed).map(({ id }) => id),
    };
  });
};

/** The edges of its callers to it; where it has none, whatever changed at it. */
const shownOn = (
  about: ReadonlySet<string>,
  callers: ReadonlySet<string>,
  edges: readonly PictureEdge[],
  changed: readonly PictureEdge[],
): readonly PictureEdge[] => {
  const called = edges.filter(({ from, to }) => about.has(to) && callers.has(from));
  const some = called.filter(({ state }) => state !== "same");
  const own = some.length > 0 ? some : called;
  return own.length > 0 ? own : changed.filter(({ from, to }) => about.has(to) || about.has(from));
};

const causeWords = ({ revision, file, line }: ShownCause): string =>
  `${revision === "base" ? "was " : ""}${file}${line === undefined ? "" : `:${line}`}`;

/** A change of several things names them all: `shop/a, shop/b and 3 others`. */
const namesIn = (subject: string): readonly string[] => [subject, ...subject.split(/, | and /)];

const nodesBySubject = (sides: readonly Side[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const { mesh, names, places } of sides) {
    for (const { host } of mesh.destinations) found.set(names.place(host), [host]);
    for (const { id } of mesh.workloads) if (!found.has(id)) found.set(id, [places.node(id, mesh)]);
  }
  return found;
};

const callerNodes = (caller: WorkloadId | "outside", sides: readonly Side[]): readonly string[] =>
  caller === "outside"
    ? [outside]
    : sides.flatMap(({ mesh, places }) => (lookup(mesh).workload(caller) ? [places.node(caller, mesh)] : []));
