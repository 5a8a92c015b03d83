import { ends, type Effects } from "../../../lib/requests/decided/meanings.ts";
import type { HeaderEffects } from "../../../lib/model/header-effects.ts";
import type { Diagram, Diagrams } from "../../../lib/requests/diagrams.ts";
import { linesBefore } from "../../../lib/requests/edited.ts";

/**
 * The requests for which two different meanings come to the same: a header that one sets to what it already was. Meanings
 * that keep or replace the same headers differ for every request or for none.
 */
export const coinciding = (a: Effects, b: Effects, diagrams: Diagrams): Diagram => {
  const open = undecided(a, b);
  if (open === undefined) return a === b || JSON.stringify(a) === JSON.stringify(b) ? diagrams.yes : diagrams.no;
  const { name, lines } = open;
  const left = lines.map((values) => ({ values, set: linesBefore(name, [], values, diagrams) }));
  const others = diagrams.not(diagrams.or(...left.map(({ set }) => set)));
  // Lines that no replacement is equal to make a difference wherever one side replaces them and the other does not.
  const otherwise = diagrams.and(others, coinciding(marked(a, name), marked(b, name), diagrams));
  return diagrams.or(
    otherwise,
    ...left.map(({ values, set }) =>
      diagrams.and(set, coinciding(replaced(a, name, values), replaced(b, name, values), diagrams)),
    ),
  );
};

const deliveries = (meaning: Effects): readonly HeaderEffects[] =>
  meaning.flatMap((branch) =>
    branch.ends.flatMap(({ outcome }) =>
      outcome.kind === "delivered" && outcome.request !== "connection" ? [outcome.request] : [],
    ),
  );

/** A header that is kept by some and replaced by others, and which lines of it would come to a replacement. */
const undecided = (
  a: Effects,
  b: Effects,
): { readonly name: string; readonly lines: readonly (readonly string[])[] } | undefined => {
  const all = [...deliveries(a), ...deliveries(b)];
  const names = new Set(all.flatMap((effects) => effects.map(([name]) => name)));
  for (const name of names) {
    if (names.has(`${otherLines}${name}`) || name.startsWith(otherLines)) continue;
    const effects = all.map((each) => new Map(each).get(name) ?? { keeps: true, values: [] });
    const replacements = effects.filter(({ keeps }) => !keeps);
    const additions = effects.filter(({ keeps }) => keeps);
    if (replacements.length === 0 || additions.length === 0) continue;
    const lines = new Map<string, readonly string[]>();
    for (const { values } of replacements)
      for (const { values: added } of additions) {
        const kept = values.length - added.length;
        if (kept >= 0 && added.every((value, index) => value === values[kept + index]))
          lines.set(JSON.stringify(values.slice(0, kept)), values.slice(0, kept));
      }
    return { name, lines: [...lines.values()] };
  }
  return undefined;
};

const otherLines = "\u0000";

/** The header under a name that says it is kept as some other lines: unlike every replacement. */
const marked = (meaning: Effects, name: string): Effects =>
  changed(meaning, name, (effect) => (effect.keeps ? [`${otherLines}${name}`, effect] : [name, effect]));

const replaced = (meaning: Effects, name: string, lines: readonly string[]): Effects =>
  changed(meaning, name, ({ keeps, values }) => [
    name,
    { keeps: false, values: keeps ? [...lines, ...values] : values },
  ]);

type Effect = HeaderEffects[number][1];

const changed = (meaning: Effects, name: string, other: (effect: Effect) => readonly [string, Effect]): Effects =>
  ends(meaning, (end) => {
    const { outcome } = end;
    if (outcome.kind !== "delivered" || outcome.request === "connection") return end;
    const effects = new Map(outcome.request);
    const [key, effect] = other(effects.get(name) ?? { keeps: true, values: [] });
    effects.delete(name);
    effects.set(key, effect);
    return { ...end, outcome: { ...outcome, request: [...effects].sort(([x], [y]) => (x < y ? -1 : 1)) } };
  });
