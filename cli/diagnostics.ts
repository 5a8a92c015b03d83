import type { Diagnostic } from "../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../lib/diagnostics/origin.ts";
import type { Span } from "../lib/diagnostics/span.ts";
import { diagnosticsJson } from "./diagnostics/json.ts";
import { diagnosticsText } from "./diagnostics/text.ts";

export const diagnosticsFormats = ["text", "json"] as const;
export type DiagnosticsFormat = (typeof diagnosticsFormats)[number];

export interface DiagnosticsOptions {
  readonly format: DiagnosticsFormat;
  /** Finds where authored values stand; asked once, and only if something must be shown. */
  readonly locate?: (origins: readonly Origin[]) => Promise<ReadonlyMap<Origin, Span>>;
  /** Text goes to standard error, which leaves standard output to results; JSON is the result. */
  readonly stream?: NodeJS.WriteStream;
}

/** Writes diagnostics where people or programs expect them. As JSON there is always an array, be it empty. */
export const report = async (
  diagnostics: readonly Diagnostic[],
  { format, locate, stream }: DiagnosticsOptions,
): Promise<void> => {
  const spans = await spansFor(diagnostics, locate);
  const located = (origin: Origin): Span | undefined => spans.get(origin);
  if (format === "json") {
    await written(stream ?? process.stdout, diagnosticsJson(diagnostics, located));
    return;
  }
  const out = stream ?? process.stderr;
  await written(
    out,
    diagnosticsText(diagnostics, located, { width: out.isTTY ? out.columns || 80 : 120, colour: hasColour(out) }),
  );
};

/** Where everything stands that diagnostics name; nothing is looked for where they name nothing authored. */
export const spansFor = async (
  diagnostics: readonly Diagnostic[],
  locate: DiagnosticsOptions["locate"],
): Promise<ReadonlyMap<Origin, Span>> => {
  const places = diagnostics.flatMap(({ place, related }) => [
    ...(place ? [place] : []),
    ...(related ?? []).map((each) => each.place),
  ]);
  const origins = [...new Set(places.flatMap((place) => ("origin" in place ? [place.origin] : [])))];
  return locate && origins.length > 0 ? locate(origins) : new Map<Origin, Span>();
};

/** Written to the end: a pipe takes more than one turn, and whoever reads it must not get half of it. */
export const written = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  text === ""
    ? Promise.resolve()
    : new Promise((resolve, reject) => void stream.write(text, (error) => (error ? reject(error) : resolve())));

/** On a terminal, unless the user asked for none (no-color.org, FORCE_COLOR=0). */
export const hasColour = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && !process.env["NO_COLOR"] && process.env["FORCE_COLOR"] !== "0" && process.env["TERM"] !== "dumb";
