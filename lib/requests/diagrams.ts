import { keyOf, type RequestTest } from "./request-test.ts";

/** A function from answers to tests to values; a set where those are yes and no. Equal functions are equal numbers. */
export type Diagram<T = boolean> = number & { readonly diagram: T };

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
  readonly #nodes: Map<number, Diagram<unknown>>[] = [];
  readonly #values: unknown[] = [];
  readonly #valueIds = new Map<string, Diagram<unknown>>();
  readonly #tests: RequestTest[] = [];
  readonly #testIds = new Map<string, number>();
  readonly #ites = new Map<number, Map<number, Diagram<unknown>>>();
  readonly #supports = new Map<Diagram<unknown>, readonly number[]>();
  readonly #cap: number;
  #steps = 0;
  readonly no: Diagram;
  readonly yes: Diagram;

  /**
   * `cap`: the most nodes that are worth their memory (about 100 bytes each), and a tenth of the most steps that are worth
   * their time; beyond them everything throws `TooLarge`.
   */
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
  value<T>(of: T): Diagram<T> {
    // What holds of meanings is asked of millions of them; in the constructor there is neither yet.
    const set = of === true ? this.yes : of === false ? this.no : undefined;
    if (set !== undefined) return asAny(set);
    const key = JSON.stringify(of);
    const known = this.#valueIds.get(key);
    if (known !== undefined) return known as Diagram<T>;
    const made = this.#made<T>(terminal, this.#values.push(of) - 1, 0);
    this.#valueIds.set(key, made);
    return made;
  }

  /** The requests of which a test holds. */
  test(test: RequestTest): Diagram {
    return this.#node(this.#variable(test), this.no, this.yes);
  }

  ite<T>(condition: Diagram, then: Diagram<T>, otherwise: Diagram<T>): Diagram<T> {
    if (condition === this.yes) return then;
    if (condition === this.no) return otherwise;
    if (then === otherwise) return then;
    if (then === asAny(this.yes) && otherwise === asAny(this.no)) return asAny(condition);
    let memo = this.#ites.get(condition);
    if (memo === undefined) this.#ites.set(condition, (memo = new Map<number, Diagram<unknown>>()));
    const key = pair(then, otherwise);
    const known = memo.get(key);
    if (known !== undefined) return known as Diagram<T>;
    this.#step();
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
  mapped<A, B>(diagram: Diagram<A>, other: (value: A) => B): Diagram<B> {
    return this.#replaced(diagram, (leaf) => this.value(other(this.#values[this.#low[leaf]!] as A)));
  }

  /** The value made of two functions' values. */
  combined<A, B, C>(a: Diagram<A>, b: Diagram<B>, value: (a: A, b: B) => C): Diagram<C> {
    const memo = new Map<number, Diagram<C>>();
    const visit = (x: Diagram<A>, y: Diagram<B>): Diagram<C> => {
      const key = pair(x, y);
      const known = memo.get(key);
      if (known !== undefined) return known;
      this.#step();
      let made: Diagram<C>;
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
  differing<T>(a: Diagram<T>, b: Diagram<T>): Diagram {
    return a === b ? this.no : this.combined(a, b, (x, y) => x !== y);
  }

  /** The function of requests that another proxy has changed: each test stands for the requests that answer it then. */
  substituted<T>(diagram: Diagram<T>, meaning: (test: RequestTest) => Diagram): Diagram<T> {
    const memo = new Map<Diagram<T>, Diagram<T>>();
    const visit = (at: Diagram<T>): Diagram<T> => {
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
  regions<T>(diagram: Diagram<T>): readonly { readonly value: T; readonly set: Diagram }[] {
    const leaves = new Set<Diagram<T>>();
    const seen = new Set<Diagram<T>>();
    const visit = (at: Diagram<T>): void => {
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
  asked(diagram: Diagram<unknown>): readonly RequestTest[] {
    return this.#support(diagram).map((variable) => this.#tests[variable]!);
  }

  /** The value for given answers. */
  evaluated<T>(diagram: Diagram<T>, answer: (test: RequestTest) => boolean): T {
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

  #step(): void {
    this.#steps += 1;
    if (this.#steps > 10 * this.#cap) throw new TooLarge(`more than ${10 * this.#cap} steps`);
  }

  #node<T>(variable: number, low: Diagram<T>, high: Diagram<T>): Diagram<T> {
    if (low === high) return low;
    const nodes = (this.#nodes[variable] ??= new Map<number, Diagram<unknown>>());
    const key = pair(low, high);
    const known = nodes.get(key);
    if (known !== undefined) return known as Diagram<T>;
    const made = this.#made<T>(variable, low, high);
    nodes.set(key, made);
    return made;
  }

  #made<T>(variable: number, low: number, high: number): Diagram<T> {
    const made = this.#variables.length as Diagram<T>;
    if (made >= this.#cap) throw new TooLarge(`more than ${this.#cap} nodes`);
    this.#variables.push(variable);
    this.#low.push(low);
    this.#high.push(high);
    return made;
  }

  #replaced<A, B>(diagram: Diagram<A>, other: (leaf: Diagram<A>) => Diagram<B>): Diagram<B> {
    const memo = new Map<Diagram<A>, Diagram<B>>();
    const visit = (at: Diagram<A>): Diagram<B> => {
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

  #support(diagram: Diagram<unknown>): readonly number[] {
    const known = this.#supports.get(diagram);
    if (known !== undefined) return known;
    const found = new Set<number>();
    const seen = new Set<Diagram<unknown>>();
    const visit = (at: Diagram<unknown>): void => {
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

  #isTerminal(diagram: Diagram<unknown>): boolean {
    return this.#variables[diagram] === terminal;
  }

  #top(diagram: Diagram<unknown>): number {
    const variable = this.#variables[diagram]!;
    return variable === terminal ? Infinity : variable;
  }

  #branch<T>(diagram: Diagram<T>, high: boolean): Diagram<T> {
    return (high ? this.#high[diagram] : this.#low[diagram]) as Diagram<T>;
  }

  #cofactor<T>(diagram: Diagram<T>, variable: number, high: boolean): Diagram<T> {
    return this.#variables[diagram] === variable ? this.#branch(diagram, high) : diagram;
  }
}

/** The same number where the values are known to be yes and no. */
const asAny = <T>(diagram: Diagram): Diagram<T> => diagram as unknown as Diagram<T>;

/** Two numbers below 2^26 as one: a table of pairs in a Map of numbers is the fastest that there is. */
const pair = (a: number, b: number): number => a * 2 ** 26 + b;
