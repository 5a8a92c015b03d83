import type { PictureEdge, PictureFact, PictureNode, PictureState } from "../page/picture.ts";
import type { SeenEdge, SeenFact, SeenNode } from "./seen.ts";

/** Nodes of two meshes as one list: each as it is now, with what was otherwise before. */
export const comparedNodes = (before: readonly SeenNode[], after: readonly SeenNode[]): readonly PictureNode[] =>
  pairs(before, after).map(({ was, is }) => {
    const { facts: _, ...shown } = (is ?? was)!;
    const facts = comparedFacts(was?.facts, is?.facts);
    const otherwise = was !== undefined && is !== undefined && was.proxied !== is.proxied;
    return {
      ...shown,
      ...(otherwise && { before: { proxied: was.proxied } }),
      state: stateOf(was, is, otherwise || facts.some((fact) => fact.before !== undefined)),
      facts,
    };
  });

/** Edges of two meshes as one list. */
export const comparedEdges = (before: readonly SeenEdge[], after: readonly SeenEdge[]): readonly PictureEdge[] =>
  pairs(before, after).map(({ was, is }) => {
    const { id, from, to, port, marks } = (is ?? was)!;
    const facts = comparedFacts(was?.facts, is?.facts);
    const otherwise = was !== undefined && is !== undefined && JSON.stringify(was.marks) !== JSON.stringify(is.marks);
    return {
      id,
      from,
      to,
      port,
      ...marks,
      ...(otherwise && { before: was.marks }),
      state: stateOf(was, is, otherwise || facts.some((fact) => fact.before !== undefined)),
      facts,
    };
  });

const pairs = <T extends { readonly id: string }>(
  before: readonly T[],
  after: readonly T[],
): readonly { readonly was: T | undefined; readonly is: T | undefined }[] => {
  const old = new Map(before.map((one) => [one.id, one]));
  const now = new Map(after.map((one) => [one.id, one]));
  return [...new Set([...now.keys(), ...old.keys()])].map((id) => ({ was: old.get(id), is: now.get(id) }));
};

const stateOf = (was: unknown, is: unknown, otherwise: boolean): PictureState =>
  was === undefined ? "added" : is === undefined ? "removed" : otherwise ? "changed" : "same";

const comparedFacts = (
  before: readonly SeenFact[] | undefined,
  after: readonly SeenFact[] | undefined,
): readonly PictureFact[] => {
  // Of what only one mesh has, nothing is otherwise: the state says that it is new or gone.
  if (before === undefined || after === undefined) return (after ?? before ?? []).map(alone);
  const titles = [...new Set([...after, ...before].map(({ title }) => title))];
  const linesOf = (facts: readonly SeenFact[], title: string): readonly string[] =>
    facts.find((fact) => fact.title === title)?.lines ?? [];
  return titles.map((title) => {
    const [was, is] = [linesOf(before, title), linesOf(after, title)];
    if (JSON.stringify(was) === JSON.stringify(is)) return alone({ title, lines: is });
    return { title, before: shown(was, is), after: shown(is, was) };
  });
};

const alone = ({ title, lines }: SeenFact): PictureFact => ({ title, after: shown(lines, lines) });

const mostLines = 12;

/** As many lines as can be read, those that differ before all others where not all are shown. */
const shown = (lines: readonly string[], others: readonly string[]): readonly string[] => {
  if (lines.length <= mostLines) return lines;
  const known = new Set(others);
  const kept = [...lines.filter((line) => !known.has(line)), ...lines.filter((line) => known.has(line))];
  return [...kept.slice(0, mostLines - 1), `… ${lines.length - mostLines + 1} more`];
};
