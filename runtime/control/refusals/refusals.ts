import type { ServedType } from "../served-type.ts";
import type { Refusal } from "../ads/index.ts";
import type { Log } from "../../log/log.ts";
import { places } from "./places.ts";
import type { Source } from "../source/source.ts";

/** A NACK as it is kept: what a proxy refused, why, and the policy lines that made it. */
export interface KeptRefusal {
  readonly client: string;
  readonly type: ServedType;
  readonly resources: readonly string[];
  readonly message: string;
  /** `bookinfo/reviews.ts:12:5`; empty while they are looked for, or where nobody wrote what was refused. */
  readonly at: readonly string[];
  readonly since: Date;
  readonly times: number;
}

export interface Refusals {
  readonly kept: (refusal: Refusal) => void;
  /** Keeps of each refusal the names that are still refused: what nobody refuses any more, or a client that is gone, goes. */
  readonly forgotten: (isRefused: (clientKey: string, type: ServedType, name: string) => boolean) => void;
  /** Another revision was taken: what was written may stand elsewhere now. */
  readonly moved: () => void;
  readonly all: () => readonly KeptRefusal[];
}

/** Proxies of one kind refuse alike: more than this many lines help nobody. */
const most = 1000;
const mostShown = 50;
const longestMessage = 2000;

interface Entry {
  readonly clientKey: string;
  readonly names: readonly string[];
  readonly refusal: KeptRefusal;
}

const narrowed = (entry: Entry, names: readonly string[]): Entry =>
  names.length === entry.names.length
    ? entry
    : { ...entry, names, refusal: { ...entry.refusal, resources: names.slice(0, mostShown) } };

export const refusals = (spansOf: Source["spansOf"], log: Log): Refusals => {
  const byKey = new Map<string, Entry>();
  const written = places(spansOf, (error) =>
    log({ level: "warn", event: "refusal not located", reason: String(error) }),
  );

  const keptOnly = (key: string, entry: Entry, isLeft: (name: string) => boolean): void => {
    const next = narrowed(entry, entry.names.filter(isLeft));
    if (next.names.length === 0) byKey.delete(key);
    else if (next !== entry) byKey.set(key, next);
  };

  return {
    kept: ({ client, type, message, resources }) => {
      const names = resources.map(({ name }) => name);
      const key = JSON.stringify([client.key, type, ...names]);
      const before = byKey.get(key)?.refusal;
      // A name is refused for the reason that was given last.
      const again = new Set(names);
      for (const [other, entry] of byKey)
        if (other !== key && entry.clientKey === client.key && entry.refusal.type === type)
          keptOnly(other, entry, (name) => !again.has(name));
      if (before === undefined && byKey.size >= most) byKey.delete(byKey.keys().next().value ?? "");
      const isSame = before?.message === message.slice(0, longestMessage);
      const refusal: KeptRefusal = {
        client: client.name,
        type,
        resources: names.slice(0, mostShown),
        message: message.slice(0, longestMessage),
        at: isSame ? before.at : [],
        since: before?.since ?? new Date(),
        times: (before?.times ?? 0) + 1,
      };
      byKey.set(key, { clientKey: client.key, names, refusal });
      void written.of(resources.flatMap(({ origins }) => origins)).then((at) => {
        const now = byKey.get(key);
        if (now !== undefined && now.refusal.message === refusal.message)
          byKey.set(key, { ...now, refusal: { ...now.refusal, at } });
        if (isSame) return;
        log({
          level: "error",
          event: "configuration refused",
          client: client.name,
          type,
          resources: names.slice(0, 20),
          message: refusal.message,
          at,
        });
      });
    },
    forgotten: (isRefused) => {
      for (const [key, entry] of byKey)
        keptOnly(key, entry, (name) => isRefused(entry.clientKey, entry.refusal.type, name));
    },
    moved: written.moved,
    all: () => [...byKey.values()].map(({ refusal }) => refusal),
  };
};
