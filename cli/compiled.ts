import { compile, spansOf as spansIn } from "../compiler/pipeline.ts";
import { failed, type Diagnostic } from "../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../lib/diagnostics/origin.ts";
import type { Span } from "../lib/diagnostics/span.ts";
import type { Compiled } from "../compiler/resolved.ts";
import { exitCode } from "./exit-code.ts";
import type { MeshOptions } from "./mesh-options.ts";
import { report } from "./diagnostics.ts";

interface Also {
  /** While types are still checked. */
  readonly meanwhile?: (compiled: Compiled) => void;
  /** What else is found where compiling found no errors: told in the same list. */
  readonly further?: (compiled: Compiled) => Promise<readonly Diagnostic[]>;
}

/** Compiles and reports; undefined where errors were found, with the exit code set. */
export const compiled = async (
  options: MeshOptions,
  answers: "diagnostics" | "something else" = "diagnostics",
  { meanwhile, further }: Also = {},
): Promise<Compiled | undefined> => {
  const { value: whole, diagnostics: found } = await compile(options.mesh, {
    environment: options.env,
    types: options.types,
    ...(meanwhile && { meanwhile }),
  });
  const diagnostics = [...found, ...((whole && (await further?.(whole))) ?? [])];
  const value = failed(diagnostics) ? undefined : whole;
  // Where the command itself answers, in JSON standard output is the answer's, and what others warn of is not asked.
  const aside = answers === "something else" && options.format === "json" && value !== undefined;
  const isAnswered = answers === "something else" && options.format === "text" && value !== undefined;
  await report(isAnswered ? [] : diagnostics, {
    ...(aside && { stream: process.stderr }),
    format: options.format,
    locate: (origins) => spansOf(options, origins),
  });
  if (value === undefined) process.exitCode = exitCode.errors;
  return value;
};

/** Where authored values stand, for the mesh of these options. */
export const spansOf = (options: MeshOptions, origins: readonly Origin[]): Promise<ReadonlyMap<Origin, Span>> =>
  spansIn(options.mesh, { environment: options.env }, origins);
