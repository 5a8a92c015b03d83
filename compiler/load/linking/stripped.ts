import { stripTypeScriptTypes } from "node:module";

let broken = false;

/**
 * The module with its types turned into spaces, every position kept; `undefined` where it does not parse or needs more
 * than erasure: the syntax tree then says why.
 * Nesting of many thousand levels breaks Node's stripper for good (its WebAssembly stack overflows): from then on the
 * syntax tree does for all modules what it would have done.
 */
export const stripped = (text: string): string | undefined => {
  if (broken) return undefined;
  try {
    return withoutWarning(() => stripTypeScriptTypes(text, { mode: "strip" }));
  } catch (error) {
    broken = !(error instanceof Error && "code" in error && /_TYPESCRIPT_SYNTAX$/.test(String(error.code)));
    return undefined;
  }
};

let warned = false;

/** Node 22 and 24 call the function experimental once, on the standard error of whoever runs the compiler. */
const withoutWarning = <T>(strip: () => T): T => {
  if (warned) return strip();
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return strip();
  } finally {
    process.emitWarning = emitWarning;
    warned = true;
  }
};
