import { keyOf, type RequestTest } from "./request-test.ts";

/** A function from answers to tests to values. Equal functions are equal numbers, so that comparing them costs nothing. */
export type Diagram = number & { readonly diagram: unique symbol };

/** The end of what is worth working out: whoever asked is told "inconclusive", never a guess. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

const terminal = -1;

/**
 * Shared decision diagrams with many terminals (Bryant 1986; Clarke et al., "Multi-terminal binary decision diagrams",
 * 1993): reduced and hash-consed under one order of tests, which is the order in which they were first named.
 *
 * `no` and `yes` are the values of sets; other values are interned by their JSON.
 */
export class Diagrams {
  readonly #variables: number[] = [];
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  readonly #nodes: Map<number, Diagram>[] = [];
  readonly #values: unknown[] = [];
  readonly #valueIds = new Map<string, Diagram>();
  readonly #tests: RequestTest[] = [];
  readonly #testIds = new Map<string, number>();
  readonly #ites = new Map<number, Map<number, Diagram>>();
  readonly #supports = new Map<Diagram, readonly number[]>();
  readonly #cap: number;
  readonly no: Diagram;
  readonly yes: Diagram;

  /** `cap`: the most nodes that are worth their memory (about 100 bytes each); beyond it everything throws `TooLarge`. */
  constructor(cap = 4_000_000) {
    this.#cap = cap;
    this.no = this.value(false);
    this.yes = this.value(true);
  }

  /** Names tests in an order that keeps diagrams small, before any is used. */
  name(tests: Iterable<RequestTest>): void {
    const byKey = new Map<string, RequestTest>();
    for (const test of tests) byKey.set(keyOf(test), test);
    for (const key of [...byKey.keys()].sort()) this.#variable(byKey.get(key)!);
  }

  /** The same value for all requests. */
  value(of: unknown): Diagram {
    const key = JSON.stringify(of);
    const known = this.#valueIds.get(key);
    if (known !== undefined) return known;
    const made = this.#made(terminal, this.#values.push(of) - 1, 0);
    this.#valueIds.set(key, made);
    return made;
  }

  /** The requests of which a test holds. */
  test(test: RequestTest): Diagram {
    return this.#node(this.#variable(test), this.no, this.yes);
  }

  /** The value where there is only one. */
  valueOf<T>(diagram: Diagram): T | undefined {
    return this.#isTerminal(diagram) ? (this.#values[this.#low[diagram]!] as T) : undefined;
  }

  ite(condition: Diagram, then: Diagram, otherwise: Diagram): Diagram {
    if (condition === this.yes) return then;
    if (condition === this.no) return otherwise;
    if (then === otherwise) return then;
    if (then === this.yes && otherwise === this.no) return condition;
    let memo = this.#ites.get(condition);
    if (memo === undefined) this.#ites.set(condition, (memo = new Map<number, Diagram>()));
    const key = pair(then, otherwise);
    const known = memo.get(key);
    if (known !== undefined) return known;
    const top = Math.min(this.#top(condition), this.#top(then), this.#top(otherwise));
    const made = this.#node(
      top,
      this.ite(
        this.#cofactor(condition, top, false),
        this.#cofactor(then, top, false),
        this.#cofactor(otherwise, top, false),
      ),
      this.ite(
        this.#cofactor(condition, top, true),
        this.#cofactor(then, top, true),
        this.#cofactor(otherwise, top, true),
      ),
    );
    memo.set(key, made);
    return made;
  }

  and(...sets: readonly Diagram[]): Diagram {
    return sets.reduce((all, set) => this.ite(all, set, this.no), this.yes);
  }

  or(...sets: readonly Diagram[]): Diagram {
    return sets.reduce((all, set) => this.ite(all, this.yes, set), this.no);
  }

  not(set: Diagram): Diagram {
    return this.ite(set, this.no, this.yes);
  }

  /** Another value for each value. */
  mapped<T>(diagram: Diagram, other: (value: T) => unknown): Diagram {
    return this.#replaced(diagram, (leaf) => this.value(other(this.#values[this.#low[leaf]!] as T)));
  }

  /** Another diagram for each value. */
  bound<T>(diagram: Diagram, other: (value: T) => Diagram): Diagram {
    return this.#replaced(diagram, (leaf) => other(this.#values[this.#low[leaf]!] as T));
  }

  /** The value made of two functions' values. */
  combined<A, B>(a: Diagram, b: Diagram, value: (a: A, b: B) => unknown): Diagram {
    const memo = new Map<number, Diagram>();
    const visit = (x: Diagram, y: Diagram): Diagram => {
      const key = pair(x, y);
      const known = memo.get(key);
      if (known !== undefined) return known;
      let made: Diagram;
      if (this.#isTerminal(x) && this.#isTerminal(y))
        made = this.value(value(this.#values[this.#low[x]!] as A, this.#values[this.#low[y]!] as B));
      else {
        const top = Math.min(this.#top(x), this.#top(y));
        made = this.#node(
          top,
          visit(this.#cofactor(x, top, false), this.#cofactor(y, top, false)),
          visit(this.#cofactor(x, top, true), this.#cofactor(y, top, true)),
        );
      }
      memo.set(key, made);
      return made;
    };
    return visit(a, b);
  }

  /** The requests for which two functions have different values. */
  differing(a: Diagram, b: Diagram): Diagram {
    return a === b ? this.no : this.combined(a, b, (x, y) => x !== y);
  }

  /** The function of requests that another proxy has changed: each test stands for the requests that answer it then. */
  substituted(diagram: Diagram, meaning: (test: RequestTest) => Diagram): Diagram {
    const memo = new Map<Diagram, Diagram>();
    const visit = (at: Diagram): Diagram => {
      if (this.#isTerminal(at)) return at;
      const known = memo.get(at);
      if (known !== undefined) return known;
      const test = this.#tests[this.#variables[at]!]!;
      const made = this.ite(meaning(test), visit(this.#branch(at, true)), visit(this.#branch(at, false)));
      memo.set(at, made);
      return made;
    };
    return visit(diagram);
  }

  /** The requests to which a function gives each of its values. */
  regions<T>(diagram: Diagram): readonly { readonly value: T; readonly set: Diagram }[] {
    const leaves = new Set<Diagram>();
    const seen = new Set<Diagram>();
    const visit = (at: Diagram): void => {
      if (seen.has(at)) return;
      seen.add(at);
      if (this.#isTerminal(at)) leaves.add(at);
      else {
        visit(this.#branch(at, false));
        visit(this.#branch(at, true));
      }
    };
    visit(diagram);
    return [...leaves].map((leaf) => ({
      value: this.#values[this.#low[leaf]!] as T,
      set: this.#replaced(diagram, (other) => (other === leaf ? this.yes : this.no)),
    }));
  }

  /** The tests that a function asks, in order. */
  asked(diagram: Diagram): readonly RequestTest[] {
    return this.#support(diagram).map((variable) => this.#tests[variable]!);
  }

  /** The value for given answers. */
  evaluated<T>(diagram: Diagram, answer: (test: RequestTest) => boolean): T {
    let at = diagram;
    while (!this.#isTerminal(at)) at = this.#branch(at, answer(this.#tests[this.#variables[at]!]!));
    return this.#values[this.#low[at]!] as T;
  }

  /** What a function asks first, and what it is where that holds and where not; undefined where it asks nothing. */
  split(diagram: Diagram): { readonly test: RequestTest; readonly high: Diagram; readonly low: Diagram } | undefined {
    if (this.#isTerminal(diagram)) return undefined;
    return {
      test: this.#tests[this.#variables[diagram]!]!,
      high: this.#branch(diagram, true),
      low: this.#branch(diagram, false),
    };
  }

  /** The same for several functions at once, by the first test that any of them asks. */
  splitTogether<const D extends readonly Diagram[]>(
    ...diagrams: D
  ): { readonly test: RequestTest; readonly high: D; readonly low: D } | undefined {
    const top = Math.min(...diagrams.map((diagram) => this.#top(diagram)));
    if (top === Infinity) return undefined;
    const side = (high: boolean): D => diagrams.map((diagram) => this.#cofactor(diagram, top, high)) as unknown as D;
    return { test: this.#tests[top]!, high: side(true), low: side(false) };
  }

  get size(): number {
    return this.#variables.length;
  }

  #variable(test: RequestTest): number {
    const key = keyOf(test);
    const known = this.#testIds.get(key);
    if (known !== undefined) return known;
    const made = this.#tests.push(test) - 1;
    this.#testIds.set(key, made);
    return made;
  }

  #node(variable: number, low: Diagram, high: Diagram): Diagram {
    if (low === high) return low;
    const nodes = (this.#nodes[variable] ??= new Map<number, Diagram>());
    const key = pair(low, high);
    const known = nodes.get(key);
    if (known !== undefined) return known;
    const made = this.#made(variable, low, high);
    nodes.set(key, made);
    return made;
  }

  #made(variable: number, low: number, high: number): Diagram {
    const made = this.#variables.length as Diagram;
    if (made >= this.#cap) throw new TooLarge(`more than ${this.#cap} nodes`);
    this.#variables.push(variable);
    this.#low.push(low);
    this.#high.push(high);
    return made;
  }

  #replaced(diagram: Diagram, other: (leaf: Diagram) => Diagram): Diagram {
    const memo = new Map<Diagram, Diagram>();
    const visit = (at: Diagram): Diagram => {
      const known = memo.get(at);
      if (known !== undefined) return known;
      const made = this.#isTerminal(at)
        ? other(at)
        : this.ite(
            this.#node(this.#variables[at]!, this.no, this.yes),
            visit(this.#branch(at, true)),
            visit(this.#branch(at, false)),
          );
      memo.set(at, made);
      return made;
    };
    return visit(diagram);
  }

  #support(diagram: Diagram): readonly number[] {
    const known = this.#supports.get(diagram);
    if (known !== undefined) return known;
    const found = new Set<number>();
    const seen = new Set<Diagram>();
    const visit = (at: Diagram): void => {
      if (this.#isTerminal(at) || seen.has(at)) return;
      seen.add(at);
      found.add(this.#variables[at]!);
      visit(this.#branch(at, false));
      visit(this.#branch(at, true));
    };
    visit(diagram);
    const support = [...found].sort((a, b) => a - b);
    this.#supports.set(diagram, support);
    return support;
  }

  #isTerminal(diagram: Diagram): boolean {
    return this.#variables[diagram] === terminal;
  }

  #top(diagram: Diagram): number {
    const variable = this.#variables[diagram]!;
    return variable === terminal ? Infinity : variable;
  }

  #branch(diagram: Diagram, high: boolean): Diagram {
    return (high ? this.#high[diagram] : this.#low[diagram]) as Diagram;
  }

  #cofactor(diagram: Diagram, variable: number, high: boolean): Diagram {
    return this.#variables[diagram] === variable ? this.#branch(diagram, high) : diagram;
  }
}

/** Two numbers below 2^26 as one: a table of pairs in a Map of numbers is the fastest that there is. */
const pair = (a: number, b: number): number => a * 2 ** 26 + b;
