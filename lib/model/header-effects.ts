import type { HttpRequest } from "./call.ts";
import type { HeaderEdits } from "./route.ts";

/**
 * What edits do to the lines of each header, whatever they were: kept or not, then these values. Sorted by name; a header
 * that keeps its lines and gains none is not listed. Equal effects have equal forms.
 */
export type HeaderEffects = readonly (readonly [name: string, effect: HeaderEffect])[];

export interface HeaderEffect {
  readonly keeps: boolean;
  readonly values: readonly string[];
}

export const noEffects: HeaderEffects = [];

/** One effect after another: several proxies on one way. */
export const followedBy = (first: HeaderEffects, then: HeaderEffects): HeaderEffects => {
  if (then.length === 0) return first;
  const effects = new Map(first);
  for (const [name, { keeps, values }] of then) {
    const before = effects.get(name) ?? { keeps: true, values: [] };
    effects.set(name, keeps ? { keeps: before.keeps, values: [...before.values, ...values] } : { keeps, values });
  }
  return ordered(effects);
};

/** Removals, then replacements, then additions, as `editedHeaders` has it. */
export const effectsOf = ({ remove, set, add }: HeaderEdits): HeaderEffects => {
  const effects = new Map<string, HeaderEffect>();
  for (const name of remove) effects.set(name, { keeps: false, values: [] });
  for (const [name, value] of set) effects.set(name, { keeps: false, values: [value] });
  for (const [name, value] of add) {
    const before = effects.get(name) ?? { keeps: true, values: [] };
    effects.set(name, { keeps: before.keeps, values: [...before.values, value] });
  }
  return ordered(effects);
};

/** The lines of each header, by name: what servers can tell apart, for lines of different headers have no order. */
export const linesByName = (headers: HttpRequest["headers"]): ReadonlyMap<string, readonly string[]> => {
  const lines = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const known = lines.get(name);
    if (known) known.push(value);
    else lines.set(name, [value]);
  }
  return lines;
};

const ordered = (effects: ReadonlyMap<string, HeaderEffect>): HeaderEffects =>
  [...effects].filter(([, { keeps, values }]) => !keeps || values.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
