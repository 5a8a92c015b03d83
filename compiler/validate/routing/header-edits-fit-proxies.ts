import { at, type Origin } from "../../../lib/diagnostics/origin.ts";
import type { HeaderEdits, Route } from "../../../lib/intent/index.ts";
import { lawOfEach } from "../law.ts";
import { writtenRoutes } from "./written-routes.ts";

/** Envoy's `HeaderValue` (`max_bytes` of `key` and `value`); its route tables are refused whole, with the routes of others in them. */
const longest = 16_384;

/** Envoy's `Route` (`max_items` of `request_headers_to_add` and `response_headers_to_add`); removals are not counted. */
const most = 1000;

/** `%` is the start of a variable, and travels twice. */
const sentBytes = (value: string): number => Buffer.byteLength(value.replaceAll("%", "%%"));

export const headerEditsAreShort = lawOfEach("MESH2027", ["policies", "ingresses"], [], (authored, _, report) => {
  for (const { edits, origin } of allEdits(authored)) {
    for (const list of ["set", "add"] as const) {
      for (const [name, value] of Object.entries(edits[list] ?? {})) {
        const long = [
          { part: "name", bytes: Buffer.byteLength(name) } as const,
          { part: "value", bytes: sentBytes(value) } as const,
        ].find(({ bytes }) => bytes > longest);
        if (long !== undefined) report(at(origin, list, name), { name, longest, ...long });
      }
    }
  }
});

export const headerEditsAreFew = lawOfEach("MESH2028", ["policies", "ingresses"], [], (authored, _, report) => {
  for (const { edits, origin } of allEdits(authored)) {
    const count = Object.keys(edits.set ?? {}).length + Object.keys(edits.add ?? {}).length;
    if (count > most) report(origin, { count, most });
  }
});

interface Edits {
  readonly edits: HeaderEdits;
  readonly origin: Origin;
}

const allEdits = (authored: Parameters<typeof writtenRoutes>[0]): readonly Edits[] =>
  writtenRoutes(authored).flatMap(({ route, origin }) => editsOf(route, origin));

const editsOf = ({ headers }: Route, origin: Origin): readonly Edits[] =>
  (["request", "response"] as const).flatMap((direction) => {
    // Who responds edits no request: the loader refuses it.
    const edits = headers?.[direction] as HeaderEdits | undefined;
    return edits === undefined ? [] : [{ edits, origin: at(origin, "headers", direction) }];
  });
