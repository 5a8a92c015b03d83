/**
 * The run-time half of instrumentation (`../instrument.ts`): for objects and lists, which expression wrote each
 * property. Identity carries it through variables, functions and modules; spreads copy it.
 */
export interface Trace {
  /** What instrumented code calls. */
  readonly functions: object;
  /** The number of the expression that wrote the value at `path`, or its nearest ancestor that is known. */
  readonly site: (value: unknown, path: readonly (string | number)[]) => number | undefined;
  /** The throw statement that threw the error, or the assignment that did. */
  readonly thrown: (error: unknown) => number | undefined;
}

/** Numbers below zero are expressions of our own library: they carry what passes through them but are never shown. */
type Site = number;

interface Written {
  readonly site: Site;
  /** What was there then: an entry that was overwritten or moved since says nothing. */
  readonly value: unknown;
}

interface Known {
  /** The expression that made the object. */
  readonly self: Site;
  readonly members: ReadonlyMap<string, Written>;
}

/** How an object literal is made up: a property by its name, or what is only known when it runs. */
export type Part =
  { readonly name: string; readonly site: Site } | { readonly spread: Site } | { readonly computed: Site };

interface Frame {
  /** In order, what spreads and computed names turned out to be. */
  readonly dynamic: unknown[];
  /** Which branch of a conditional was taken, by the site of the whole. */
  readonly branches: Map<Site, Site>;
}

export const trace = (literals: readonly (readonly Part[])[]): Trace => {
  const known = new WeakMap<object, Known>();
  const frames: Frame[] = [];
  let branch: Site | undefined;
  let thrown: { readonly site: Site; readonly value: unknown } | undefined;
  let assigning: Site | undefined;

  const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

  /** Members that a spread brings, with the spread itself as the place of those that nobody knows more of. */
  const spreadMembers = (
    source: unknown,
    site: Site,
    target: object,
    into: Map<string, Written>,
    keyOf: (key: string) => string,
  ): void => {
    if (!isObject(source)) return;
    const members = known.get(source)?.members;
    for (const key of Object.keys(source)) {
      const value: unknown = Reflect.get(source, key);
      const written = members?.get(key);
      const current = Object.getOwnPropertyDescriptor(target, keyOf(key))?.value as unknown;
      const made = isObject(value) ? known.get(value)?.self : undefined;
      const own = written !== undefined && Object.is(written.value, value) ? written.site : undefined;
      into.set(keyOf(key), { site: own ?? (made !== undefined && made >= 0 ? made : site), value: current });
    }
  };

  const functions = {
    /** Opens a literal. */
    open: (): void => {
      frames.push({ dynamic: [], branches: new Map() });
    },
    /** A spread's or a computed name's value, in passing. */
    keep: (value: unknown): unknown => {
      frames.at(-1)?.dynamic.push(value);
      return value;
    },
    /** A computed name, as the property key it becomes; it is converted once. */
    key: (value: unknown): unknown => {
      const key = typeof value === "symbol" ? value : String(value);
      frames.at(-1)?.dynamic.push(key);
      return key;
    },
    /** A list that is spread into a list, iterated once. */
    items: (value: Iterable<unknown>): readonly unknown[] => {
      const items = Array.isArray(value) ? (value as readonly unknown[]) : [...value];
      frames.at(-1)?.dynamic.push(items);
      return items;
    },
    /** One branch of a conditional. */
    taken: (site: Site, value: unknown): unknown => {
      branch = site;
      return value;
    },
    /** The conditional that is a member's whole value. */
    chosen: (whole: Site, value: unknown): unknown => {
      if (branch !== undefined) frames.at(-1)?.branches.set(whole, branch);
      branch = undefined;
      return value;
    },
    object: (_: undefined, self: Site, literal: number, value: object): object => {
      const frame = frames.pop();
      const members = new Map<string, Written>();
      let next = 0;
      const current = (key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value;
      for (const part of literals[literal]!) {
        if ("name" in part) {
          members.set(part.name, { site: frame?.branches.get(part.site) ?? part.site, value: current(part.name) });
        } else if ("spread" in part) spreadMembers(frame?.dynamic[next++], part.spread, value, members, (key) => key);
        else {
          const key = frame?.dynamic[next++];
          if (typeof key !== "string") continue;
          members.set(key, { site: frame?.branches.get(part.computed) ?? part.computed, value: current(key) });
        }
      }
      known.set(value, { self, members });
      return value;
    },
    list: (_: undefined, self: Site, literal: number, value: readonly unknown[]): readonly unknown[] => {
      const frame = frames.pop();
      const members = new Map<string, Written>();
      let next = 0;
      let index = 0;
      for (const part of literals[literal]!) {
        if ("spread" in part) {
          const items = (frame?.dynamic[next++] ?? []) as readonly unknown[];
          const base = index;
          spreadMembers(items, part.spread, value, members, (key) => String(base + Number(key)));
          index += items.length;
        } else {
          const site = "name" in part ? part.site : part.computed;
          members.set(String(index), { site: frame?.branches.get(site) ?? site, value: value[index] });
          index += 1;
        }
      }
      known.set(value, { self, members });
      return value;
    },
    /** A call: it made its result, unless an expression of the author's made it before. */
    call: (site: Site, value: unknown): unknown => {
      if (!isObject(value)) return value;
      const before = known.get(value);
      if (before === undefined) known.set(value, { self: site, members: new Map() });
      else if (before.self < 0 && site >= 0) known.set(value, { ...before, self: site });
      return value;
    },
    /** An assignment to a property. */
    assign: (holder: object, key: string, value: unknown, site: Site, whole: Site): unknown => {
      assigning = whole;
      (holder as Record<string, unknown>)[key] = value;
      assigning = undefined;
      const before = known.get(holder);
      if (before !== undefined) {
        known.set(holder, { ...before, members: new Map([...before.members, [String(key), { site, value }]]) });
      }
      return value;
    },
    thrown: (site: Site, value: unknown): unknown => {
      thrown = { site, value };
      return value;
    },
  };

  const site = (value: unknown, path: readonly (string | number)[]): Site | undefined => {
    let best: Site | undefined;
    let current = value;
    for (const key of path) {
      if (!isObject(current)) break;
      const written = known.get(current)?.members.get(String(key));
      current = Object.getOwnPropertyDescriptor(current, key)?.value;
      if (written !== undefined && written.site >= 0 && Object.is(written.value, current)) best = written.site;
      else {
        const self = isObject(current) ? known.get(current)?.self : undefined;
        if (self !== undefined && self >= 0) best = self;
      }
    }
    return best;
  };

  return {
    functions,
    site,
    thrown: (error) => {
      const found = thrown !== undefined && Object.is(thrown.value, error) ? thrown.site : assigning;
      thrown = undefined;
      assigning = undefined;
      return found !== undefined && found >= 0 ? found : undefined;
    },
  };
};
