import type { ServedType } from "../../served-type.ts";

/**
 * What a client is expected to ask for next: its clusters before anything that names them; the endpoints of a cluster and
 * the routes of a listener that it just took; and, when it comes back, whatever it had. A drain is waited for the same way.
 */
export type Expected = "clusters" | "endpoints" | "routes" | "return" | "drain";

/** Every wait ends by itself: a client that never asks must not hold up what it did ask for. */
export interface Waits {
  readonly includes: (what: Expected) => boolean;
  readonly expected: (what: Expected, name: string, until: number) => void;
  readonly came: (what: Expected, name: string) => void;
  /** Gives up on what did not come in time. */
  readonly elapsed: (now: number) => void;
  /** When the next wait ends; undefined when there is none. */
  readonly until: () => number | undefined;
}

export const waits = (): Waits => {
  const pending: Readonly<Record<Expected, Map<string, number>>> = {
    clusters: new Map(),
    endpoints: new Map(),
    routes: new Map(),
    return: new Map(),
    drain: new Map(),
  };
  const all = Object.values(pending);
  return {
    includes: (what) => pending[what].size > 0,
    expected: (what, name, until) => void pending[what].set(name, until),
    came: (what, name) => void pending[what].delete(name),
    elapsed: (now) => {
      for (const names of all) for (const [name, until] of names) if (until <= now) names.delete(name);
    },
    until: () => {
      let first: number | undefined;
      for (const names of all)
        for (const until of names.values()) if (first === undefined || until < first) first = until;
      return first;
    },
  };
};

/** What the client would have come back for. */
export const returning: readonly ServedType[] = ["cluster", "endpoints", "listener", "routes"];
