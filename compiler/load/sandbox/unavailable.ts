/**
 * Names of the platforms that policies might be tried on, and why they are not there. The list is fixed: what it
 * holds must not depend on the Node that compiles. A name that is on no list is not there either.
 */
export const unavailable: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "policies reach no system":
      "process Buffer require module exports global __filename __dirname navigator Deno Bun window document self location localStorage sessionStorage Storage Navigator",
    "policies reach no network":
      "fetch XMLHttpRequest WebSocket EventSource Request Response Headers FormData URLPattern BroadcastChannel MessageChannel MessagePort MessageEvent CloseEvent ErrorEvent Worker SharedWorker",
    "policies print nothing": "console alert",
    "policies have no clock: the same commit always compiles to the same bytes":
      "Date Temporal performance Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming",
    "policies know no locale: the same commit always compiles to the same bytes": "Intl",
    "policies have no randomness: the same commit always compiles to the same bytes":
      "crypto Crypto CryptoKey SubtleCrypto",
    "evaluation has no event loop":
      "Promise setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask AbortController AbortSignal Event EventTarget CustomEvent AsyncDisposableStack",
    "no code is made at run time": "eval Function Compartment WebAssembly ModuleSource lockdown importScripts",
    "an intent is text and numbers":
      "ArrayBuffer SharedArrayBuffer Atomics DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array Float32Array Float64Array Blob File TextEncoder TextDecoder TextEncoderStream TextDecoderStream CompressionStream DecompressionStream ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableByteStreamController ReadableStreamDefaultController WritableStream WritableStreamDefaultController WritableStreamDefaultWriter TransformStream TransformStreamDefaultController ByteLengthQueuingStrategy CountQueuingStrategy atob btoa",
    "an intent is plain data":
      "Proxy Reflect WeakMap WeakSet WeakRef FinalizationRegistry DisposableStack SuppressedError structuredClone URL URLSearchParams DOMException QuotaExceededError AggregateError escape unescape gc harden assert HandledPromise",
  }).flatMap(([why, names]) => names.split(" ").map((name) => [name, why] as const)),
);

/** Not globals, but refused in the same words. */
export const unavailableMembers: ReadonlyMap<string, string> = new Map([
  ["Math.random", "policies have no randomness: the same commit always compiles to the same bytes"],
  ["Function", "no code is made at run time"],
]);

/** What is left of the global object. */
export const available: ReadonlySet<string> = new Set(
  (
    "undefined NaN Infinity globalThis Object Array String Number Boolean BigInt Symbol Math JSON Map Set RegExp Iterator " +
    "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError " +
    "isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent"
  ).split(" "),
);
