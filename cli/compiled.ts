import { compile, spansOf as spansIn } from "../compiler/pipeline.ts";
import type { Origin } from "../lib/diagnostics/origin.ts";
import type { Span } from "../lib/diagnostics/span.ts";
import type { Compiled } from "../compiler/resolved.ts";
import { exitCode } from "./exit-code.ts";
import type { MeshOptions } from "./mesh-options.ts";
import { report } from "./diagnostics.ts";

/** Compiles and reports; undefined where errors were found, with the exit code set. */
export const compiled = async (
  options: MeshOptions,
  answers: "diagnostics" | "something else" = "diagnostics",
  meanwhile?: (compiled: Compiled) => void,
): Promise<Compiled | undefined> => {
  const { value, diagnostics } = await compile(options.mesh, {
    environment: options.env,
    types: options.types,
    ...(meanwhile && { meanwhile }),
  });
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
