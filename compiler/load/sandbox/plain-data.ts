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

/**
 * Everything in a value that is not plain data, found without running any code of the value's author: no property is
 * read but through its descriptor. A value without findings is what `JSON.stringify` makes of it.
 * `budget` is taken down by the size of what is seen, so that a small graph of shared objects cannot unfold without end.
 */
export const unfit = (value: unknown, budget: { left: number }): readonly Unfit[] => {
  const found: Unfit[] = [];
  const open = new Set<object>();
  const path: (string | number)[] = [];

  const report = (what: string): void => {
    if (found.length < mostUnfit) found.push({ path: [...path], what });
  };

  const visit = (current: unknown): void => {
    budget.left -= 1;
    if (budget.left < 0) return;
    switch (typeof current) {
      case "string":
        budget.left -= current.length;
        if (!current.isWellFormed()) report("text with half a surrogate pair");
        return;
      case "boolean":
        return;
      case "number":
        if (!Number.isFinite(current)) report(String(current));
        return;
      case "object":
        if (current !== null) visitObject(current);
        return;
      case "undefined":
        return report("undefined");
      default:
        report(`a ${typeof current}`);
    }
  };

  const visitObject = (current: object): void => {
    // Before anything else: every other question about a proxy is answered by its author's code.
    if (types.isProxy(current)) return report("a proxy");
    if (open.has(current)) return report("an object that holds itself");
    if (path.length >= deepest) return report(`data nested more than ${String(deepest)} levels deep`);
    const isArray = Array.isArray(current);
    const prototype: unknown = Object.getPrototypeOf(current);
    if (isArray ? prototype !== Array.prototype : prototype !== Object.prototype && prototype !== null) {
      return report(types.isPromise(current) ? "a promise" : types.isNativeError(current) ? "an error" : "an object of a class");
    }
    open.add(current);
    if (isArray) visitElements(current);
    else visitProperties(current);
    open.delete(current);
  };

  const visitElements = (current: readonly unknown[]): void => {
    const keys = Reflect.ownKeys(current);
    if (keys.length !== current.length + 1) return report("a list with holes or properties of its own");
    for (let index = 0; index < current.length && budget.left >= 0; index += 1) member(current, index);
  };

  const visitProperties = (current: object): void => {
    for (const key of Reflect.ownKeys(current)) {
      if (budget.left < 0) return;
      if (typeof key === "symbol") {
        report("a property named by a symbol");
        continue;
      }
      budget.left -= key.length;
      if (key === "__proto__") {
        path.push(key);
        report("a property named `__proto__`");
        path.pop();
      } else if (!key.isWellFormed()) report("a property whose name has half a surrogate pair");
      else member(current, key);
    }
  };

  const member = (holder: object, key: string | number): void => {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    path.push(key);
    if (property === undefined) report("a list with holes");
    else if (!("value" in property)) report("a property with a getter");
    else if (property.enumerable !== true) report("a hidden property");
    // An optional property that is undefined is one that is absent.
    else if (property.value !== undefined || typeof key === "number") visit(property.value);
    path.pop();
  };

  visit(value);
  return found;
};
