/** What is wrong with a value that was read from a file, and where in it. */
export interface Misshapen {
  readonly path: readonly (string | number)[];
  readonly expected: string;
}

/** Finds the first thing wrong with a value; nothing when it has its shape. */
export type Shape = (value: unknown) => Misshapen | undefined;

const that =
  (holds: (value: unknown) => boolean, expected: string): Shape =>
  (value) =>
    holds(value) ? undefined : { path: [], expected };

export const text: Shape = that((value) => typeof value === "string", "text");
export const flag: Shape = that((value) => typeof value === "boolean", "true or false");
export const port: Shape = that(
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535,
  "a port number",
);
export const count: Shape = that(
  (value) => Number.isInteger(value) && (value as number) >= 0,
  "a whole number of at least 0",
);
export const textThat = (holds: (value: string) => boolean, expected: string): Shape =>
  that((value) => typeof value === "string" && holds(value), expected);
export const oneOf = (words: readonly string[]): Shape =>
  that((value) => typeof value === "string" && words.includes(value), `one of ${words.join(", ")}`);

export const either =
  (a: Shape, b: Shape): Shape =>
  (value) => {
    const inA = a(value);
    const inB = inA && b(value);
    return inA && inB && { path: inB.path, expected: `${inA.expected} or ${inB.expected}` };
  };

/** A property that may be left out. */
export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined ? undefined : shape(value);

export const listOf =
  (shape: Shape): Shape =>
  (value) => {
    if (!Array.isArray(value)) return { path: [], expected: "a list" };
    for (const [index, item] of value.entries()) {
      const found = shape(item);
      if (found) return { ...found, path: [index, ...found.path] };
    }
    return undefined;
  };

export const mapOf =
  (shape: Shape, key?: Shape): Shape =>
  (value) => {
    if (!isObject(value)) return { path: [], expected: "an object" };
    for (const [name, item] of Object.entries(value)) {
      const misnamed = key?.(name);
      if (misnamed) return { path: [name], expected: `named ${misnamed.expected}` };
      const found = shape(item);
      if (found) return { ...found, path: [name, ...found.path] };
    }
    return undefined;
  };

/** These properties and no others: a misspelt one would otherwise be an absent one. */
export const object =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value) => {
    if (!isObject(value)) return { path: [], expected: "an object" };
    for (const [name, shape] of Object.entries(shapes)) {
      const found = shape(Object.hasOwn(value, name) ? value[name] : undefined);
      if (found) return { ...found, path: [name, ...found.path] };
    }
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(shapes, name));
    return unknown === undefined ? undefined : { path: [unknown], expected: "absent: nothing reads it" };
  };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
