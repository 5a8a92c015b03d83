import { types } from "node:util";

export interface Unfit {
  readonly path: readonly (string | number)[];
  /** "a function", for a message. */
  readonly what: string;
}

/** Deeper than any intent, and shallow enough for every recursion that comes after. */
const deepest = 100;

/** More findings in one module say nothing new. */
const mostUnfit = 10;

/** What a value takes in whoever reads it, beside its text: an empty object is two characters, and many words of memory. */
export const valueUnits = 64;

/** How large and how deep a value is that was found plain and can no longer change. */
interface Proved {
  readonly size: number;
  readonly height: number;
}

export type PlainCheck = (value: unknown, budget: { left: number }) => readonly Unfit[];

/**
 * Finds everything in a value that is not plain data without running any code of the value's author: no property is
 * read but through its descriptor. A value without findings is what `JSON.stringify` makes of it.
 * `budget` is taken down by the size of what is seen, `valueUnits` for each value and one for each UTF-16 code unit, so that a small graph of shared objects cannot unfold without
 * end. What is frozen to its leaves, as the graph's handles are, is looked at once however often it comes.
 */
export const plainCheck = (): PlainCheck => {
  const proved = new WeakMap<object, Proved>();
  return (value, budget) => new Walk(proved, budget).findings(value);
};

class Walk {
  readonly #proved: WeakMap<object, Proved>;
  readonly #budget: { left: number };
  readonly #found: Unfit[] = [];
  readonly #open = new Set<object>();
  readonly #path: (string | number)[] = [];
  /** Of the object in hand, so far: whether all of it is frozen, and its height. */
  #frozen = true;
  #height = 0;

  constructor(proved: WeakMap<object, Proved>, budget: { left: number }) {
    this.#proved = proved;
    this.#budget = budget;
  }

  findings(value: unknown): readonly Unfit[] {
    this.#visit(value);
    return this.#found;
  }

  #report(what: string): void {
    this.#frozen = false;
    if (this.#found.length < mostUnfit) this.#found.push({ path: [...this.#path], what });
  }

  #visit(current: unknown): void {
    this.#budget.left -= valueUnits;
    if (this.#budget.left < 0) return;
    switch (typeof current) {
      case "string":
        this.#budget.left -= current.length;
        if (!current.isWellFormed()) this.#report("text with half a surrogate pair");
        return;
      case "boolean":
        return;
      case "number":
        if (!Number.isFinite(current)) this.#report(String(current));
        return;
      case "object":
        if (current !== null) this.#visitObject(current);
        return;
      case "undefined":
        return this.#report("undefined");
      case "bigint":
      case "function":
      case "symbol":
        this.#report(`a ${typeof current}`);
    }
  }

  #visitObject(current: object): void {
    const known = this.#proved.get(current);
    if (known !== undefined && this.#path.length + known.height <= deepest) {
      this.#budget.left -= known.size;
      this.#height = Math.max(this.#height, known.height);
      return;
    }
    // Before anything else: every other question about a proxy is answered by its author's code.
    if (types.isProxy(current)) return this.#report("a proxy");
    if (this.#open.has(current)) return this.#report("an object that holds itself");
    if (this.#path.length >= deepest) return this.#report(`data nested more than ${String(deepest)} levels deep`);
    const isList = Array.isArray(current);
    const prototype: unknown = Object.getPrototypeOf(current);
    if (isList ? prototype !== Array.prototype : prototype !== Object.prototype && prototype !== null) {
      return this.#report(
        types.isPromise(current) ? "a promise" : types.isNativeError(current) ? "an error" : "an object of a class",
      );
    }

    const outer = { frozen: this.#frozen, height: this.#height, left: this.#budget.left };
    this.#frozen = Object.isFrozen(current);
    this.#height = 0;
    this.#open.add(current);
    if (isList) this.#visitElements(current);
    else this.#visitProperties(current);
    this.#open.delete(current);
    const height = this.#height + 1;
    if (this.#frozen && this.#budget.left >= 0)
      this.#proved.set(current, { size: outer.left - this.#budget.left, height });
    this.#frozen &&= outer.frozen;
    this.#height = Math.max(outer.height, height);
  }

  #visitElements(current: readonly unknown[]): void {
    if (Reflect.ownKeys(current).length !== current.length + 1)
      return this.#report("a list with holes or properties of its own");
    for (let index = 0; index < current.length && this.#budget.left >= 0; index += 1) this.#member(current, index);
  }

  #visitProperties(current: object): void {
    for (const key of Reflect.ownKeys(current)) {
      if (this.#budget.left < 0) return;
      if (typeof key === "symbol") {
        this.#report("a property named by a symbol");
        continue;
      }
      this.#budget.left -= key.length;
      if (key === "__proto__") {
        this.#path.push(key);
        this.#report("a property named `__proto__`");
        this.#path.pop();
      } else if (!key.isWellFormed()) this.#report("a property whose name has half a surrogate pair");
      else this.#member(current, key);
    }
  }

  #member(holder: object, key: string | number): void {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    this.#path.push(key);
    if (property === undefined) this.#report("a list with holes");
    else if (!("value" in property)) this.#report("a property with a getter");
    else if (property.enumerable !== true) this.#report("a hidden property");
    // An optional property that is undefined is one that is absent.
    else if (property.value !== undefined || typeof key === "number") this.#visit(property.value);
    this.#path.pop();
  }
}
