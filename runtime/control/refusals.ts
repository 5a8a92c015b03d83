import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import type { Refusal } from "./ads/index.ts";
import { placeOf } from "./source/source.ts";

/** A NACK as it is kept: what a proxy refused, why, and the policy lines that made it. */
export interface KeptRefusal {
  readonly client: string;
  readonly type: string;
  readonly resources: readonly string[];
  readonly message: string;
  /** `bookinfo/reviews.ts:12:5`; empty while they are looked for, or where nobody wrote what was refused. */
  readonly at: readonly string[];
  readonly since: Date;
  readonly times: number;
}

export interface Refusals {
  readonly kept: (refusal: Refusal) => void;
  /** What a client took after all, or a client that is gone, is no refusal any more. */
  readonly forgotten: (isOver: (refusal: KeptRefusal) => boolean) => void;
  readonly all: () => readonly KeptRefusal[];
}

/** Proxies of one kind refuse alike: more than this many lines help nobody. */
const most = 1000;
const longestMessage = 2000;

export const refusals = (
  spansOf: (origins: readonly Origin[]) => Promise<ReadonlyMap<Origin, Span>>,
  log: (entry: Readonly<Record<string, unknown>>) => void,
): Refusals => {
  const byKey = new Map<string, KeptRefusal>();
  return {
    kept: ({ client, type, message, resources }) => {
      const names = resources.map(({ name }) => name);
      const key = `${client.key} ${type} ${names.join(" ")}`;
      const before = byKey.get(key);
      if (before === undefined && byKey.size >= most) byKey.delete(byKey.keys().next().value ?? "");
      const refusal: KeptRefusal = {
        client: client.name,
        type,
        resources: names.slice(0, 50),
        message: message.slice(0, longestMessage),
        at: before?.message === message ? before.at : [],
        since: before?.since ?? new Date(),
        times: (before?.times ?? 0) + 1,
      };
      byKey.set(key, refusal);
      if (refusal.at.length > 0) return;
      const origins = [...new Set(resources.flatMap((resource) => resource.origins))].slice(0, 50);
      spansOf(origins)
        .then((spans) => {
          const at = [...new Set(origins.flatMap((origin) => spans.get(origin) ?? []).map(placeOf))].sort();
          if (byKey.get(key) === refusal) byKey.set(key, { ...refusal, at });
          log({
            level: "error",
            event: "configuration refused",
            client: client.name,
            type,
            resources: names.slice(0, 20),
            message: refusal.message,
            at,
          });
        })
        .catch((error: unknown) => log({ level: "warning", event: "refusal not located", reason: String(error) }));
    },
    forgotten: (isOver) => {
      for (const [key, refusal] of byKey) if (isOver(refusal)) byKey.delete(key);
    },
    all: () => [...byKey.values()],
  };
};
