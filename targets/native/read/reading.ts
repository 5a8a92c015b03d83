import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import type { Placement } from "../../../lib/graph/placement.ts";
import type { Platform } from "../../../lib/graph/platform.ts";
import type { Socket } from "../addresses.ts";

/** What reading looks things up in; what a mesh cannot hold is reported here. */
export interface Reading {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly placement: Placement;
  readonly diagnostics: Diagnostic[];
}

/** Whose configuration, and where in it. */
export interface Place {
  readonly object: string;
  /** A JSON pointer. */
  readonly at: string;
}

export const below = ({ object, at }: Place, ...names: readonly (string | number)[]): Place => ({
  object,
  at: `${at}${names.map((name) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`,
});

export const originOf = ({ object }: Place): Origin => ({ module: object, path: [] });

export const unreadable = (place: Place, reading: Reading): void => {
  reading.diagnostics.push(
    diagnostic("MESH5003", { object: place.object, at: place.at }, { place: { origin: originOf(place) } }),
  );
};

/** Reports what should have been so and is not. */
export const settled = (isSo: boolean, place: Place, reading: Reading): void => {
  if (!isSo) unreadable(place, reading);
};

/** A value without where it came from, for comparison; records have no order. */
export const formOf = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => {
    if (key === "origin" || key === "place") return undefined;
    return typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  }) ?? "";

/** Whether two lists hold the same, in any order. */
export const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  formOf([...new Set(a)].sort()) === formOf([...new Set(b)].sort());

export const isAt = (listener: Socket, socket: Socket | undefined): boolean =>
  listener.address === socket?.address && listener.port === socket.port;
