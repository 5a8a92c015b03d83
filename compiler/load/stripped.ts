import { stripTypeScriptTypes } from "node:module";

/**
 * The module with its types turned into spaces, every position kept; `undefined` where it does not parse or needs more
 * than erasure: the syntax tree then says why.
 */
export const stripped = (text: string): string | undefined => {
  try {
    return withoutWarning(() => stripTypeScriptTypes(text, { mode: "strip" }));
  } catch (error) {
    if (error instanceof Error && "code" in error && /_TYPESCRIPT_SYNTAX$/.test(String(error.code))) return undefined;
    throw error;
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
