/**
 * What each intrinsic object has to offer: the names that every supported Node knows. What a newer engine adds is taken
 * away, or a policy could mean one thing here and another there. Left out on purpose as well: `Array.fromAsync`, which
 * catches errors; `JSON.rawJSON`, which writes numbers that are none; the functions of `Math` whose last digits are
 * the engine's own.
 */
const names: Readonly<Record<string, string>> = {
  Object:
    "assign create defineProperties defineProperty entries freeze fromEntries getOwnPropertyDescriptor " +
    "getOwnPropertyDescriptors getOwnPropertyNames getOwnPropertySymbols getPrototypeOf groupBy hasOwn is " +
    "isExtensible isFrozen isSealed keys length name preventExtensions prototype seal setPrototypeOf values",
  "Object.prototype":
    "__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor hasOwnProperty " +
    "isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf",
  Array: "from isArray length name of prototype",
  "Array.prototype":
    "at concat constructor copyWithin entries every fill filter find findIndex findLast findLastIndex flat flatMap " +
    "forEach includes indexOf join keys lastIndexOf length map pop push reduce reduceRight reverse shift slice some " +
    "sort splice toLocaleString toReversed toSorted toSpliced toString unshift values with",
  String: "fromCharCode fromCodePoint length name prototype raw",
  "String.prototype":
    "anchor at big blink bold charAt charCodeAt codePointAt concat constructor endsWith fixed fontcolor fontsize " +
    "includes indexOf isWellFormed italics lastIndexOf length link localeCompare match matchAll normalize padEnd " +
    "padStart repeat replace replaceAll search slice small split startsWith strike sub substr substring sup " +
    "toLocaleLowerCase toLocaleUpperCase toLowerCase toString toUpperCase toWellFormed trim trimEnd trimLeft " +
    "trimRight trimStart valueOf",
  Number:
    "EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY isFinite " +
    "isInteger isNaN isSafeInteger length name parseFloat parseInt prototype",
  "Number.prototype": "constructor toExponential toFixed toLocaleString toPrecision toString valueOf",
  Boolean: "length name prototype",
  "Boolean.prototype": "constructor toString valueOf",
  BigInt: "asIntN asUintN length name prototype",
  "BigInt.prototype": "constructor toLocaleString toString valueOf",
  Symbol:
    "asyncDispose asyncIterator dispose for hasInstance isConcatSpreadable iterator keyFor length match matchAll name " +
    "prototype replace search species split toPrimitive toStringTag unscopables",
  "Symbol.prototype": "constructor description toString valueOf",
  Math:
    "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs ceil clz32 floor fround imul max min pow random round sign sqrt " +
    "trunc",
  JSON: "parse stringify",
  Map: "groupBy length name prototype",
  "Map.prototype": "clear constructor delete entries forEach get has keys set size values",
  Set: "length name prototype",
  "Set.prototype":
    "add clear constructor delete difference entries forEach has intersection isDisjointFrom isSubsetOf isSupersetOf " +
    "keys size symmetricDifference union values",
  RegExp: "length name prototype",
  "RegExp.prototype":
    "compile constructor dotAll exec flags global hasIndices ignoreCase multiline source sticky test toString unicode " +
    "unicodeSets",
  Iterator: "from length name prototype",
  "Iterator.prototype": "constructor drop every filter find flatMap forEach map reduce some take toArray",
  Error: "captureStackTrace length name prepareStackTrace prototype stackTraceLimit",
  "Error.prototype": "constructor message name toString",
  Function: "length name prototype",
  "Function.prototype": "apply arguments bind call caller constructor length name toString",
};

/** Takes everything else away. Before lockdown, which freezes what is left. */
export const pruneIntrinsics = (): void => {
  for (const [path, kept] of Object.entries(names)) {
    const object = path
      .split(".")
      .reduce<unknown>((holder, name) => Reflect.get(holder as object, name), globalThis) as object;
    const keep = new Set(kept.split(" "));
    for (const name of Object.getOwnPropertyNames(object)) if (!keep.has(name)) Reflect.deleteProperty(object, name);
  }
  // A function's text would be that of our library, or of a module as it was rewritten.
  const source = {
    toString(this: unknown): string {
      if (typeof this !== "function") throw new TypeError("this is no function");
      return "function () { [native code] }";
    },
  };
  // eslint-disable-next-line no-extend-native
  Object.defineProperty(Function.prototype, "toString", { value: source.toString, writable: true, configurable: true });
};
