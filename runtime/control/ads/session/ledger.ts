import type { ServedType } from "../../served-type.ts";
import type { Served } from "../../view.ts";
import { namedIn } from "./named.ts";

/** What the client has under a name. A version is certain only once acknowledged, and no more once anything newer was sent. */
export interface Held {
  readonly version: string | undefined;
  /** The last one that it acknowledged on this stream. */
  readonly accepted: Served | undefined;
  /** Whether it ever had one for certain. What it never took nothing can depend on. */
  readonly had: boolean;
}

/** How a name differs between client and view: to be sent, to be taken away, to be called absent, or refused as it is. */
export type Gap = "upsert" | "removal" | "absence" | "refused";

interface Refused {
  /** Of the refused content; empty where a removal was refused. */
  readonly version: string;
  /** Whether the message named it: one that it did not name may be innocent. */
  readonly named: boolean;
  readonly message: string;
}

export interface InFlight {
  readonly nonce: string;
  /** Those that the client did not hold as they are. */
  readonly changed: readonly Served[];
  readonly resources: readonly Served[];
  readonly removed: readonly string[];
  /** Names among them that are put back to what the client had before it refused something newer. */
  readonly restored: ReadonlySet<string>;
}

export interface LastRefusal {
  readonly message: string;
  readonly resources: readonly Served[];
}

/** All that a session knows about one type. Only the functions of this file write to it, so `gaps` is never behind. */
export interface Ledger {
  readonly type: ServedType;
  view: ReadonlyMap<string, Served>;
  /** Whether the client ever asked for this type on this stream. */
  asked: boolean;
  everything: boolean;
  /** Whether a set request ever named something: from then on an empty one means nothing, no longer everything. */
  named: boolean;
  /** A request that wants an answer even if there is nothing to say: who starts waits for it. */
  answerOwed: boolean;
  readonly names: Set<string>;
  readonly held: Map<string, Held>;
  /** Names whose resource is sent although the client may hold it: newly asked for, or endpoints of a cluster sent again. */
  readonly due: Set<string>;
  /** Names that the client knows to be absent. */
  readonly told: Set<string>;
  readonly refused: Map<string, Refused>;
  readonly gaps: Map<string, Gap>;
  readonly counts: Record<Gap, number>;
  inFlight: InFlight | undefined;
  refusalsInRow: number;
  /** Until the client accepts something: what of it is still in force then is in `refused`. */
  lastRefusal: LastRefusal | undefined;
}

export const ledger = (type: ServedType, view: ReadonlyMap<string, Served>): Ledger => ({
  type,
  view,
  asked: false,
  everything: false,
  named: false,
  answerOwed: false,
  names: new Set(),
  held: new Map(),
  due: new Set(),
  told: new Set(),
  refused: new Map(),
  gaps: new Map(),
  counts: { upsert: 0, removal: 0, absence: 0, refused: 0 },
  inFlight: undefined,
  refusalsInRow: 0,
  lastRefusal: undefined,
});

export const isSubscribed = (of: Ledger, name: string): boolean => of.everything || of.names.has(name);

const gapOf = (of: Ledger, name: string): Gap | undefined => {
  if (!isSubscribed(of, name)) return undefined;
  const target = of.view.get(name);
  const refused = of.refused.get(name);
  if (refused !== undefined && refused.version === (target?.version ?? "")) return "refused";
  const held = of.held.get(name);
  if (target !== undefined)
    return of.due.has(name) || held === undefined || held.version !== target.version ? "upsert" : undefined;
  if (held !== undefined) return "removal";
  return of.due.has(name) || (of.names.has(name) && !of.told.has(name)) ? "absence" : undefined;
};

const compared = (of: Ledger, name: string): void => {
  const [was, is] = [of.gaps.get(name), gapOf(of, name)];
  if (was === is) return;
  if (was !== undefined) of.counts[was] -= 1;
  if (is === undefined) of.gaps.delete(name);
  else {
    of.counts[is] += 1;
    of.gaps.set(name, is);
  }
};

/** A newer view. What was refused stays refused until its content changes; what was only near it, until any of that does. */
export const viewed = (of: Ledger, view: ReadonlyMap<string, Served>): void => {
  if (of.view === view) return;
  const before = of.view;
  of.view = view;
  const lifted = [...of.refused].filter(([name, { version }]) => version !== (view.get(name)?.version ?? ""));
  if (lifted.length > 0) {
    for (const [name, { named }] of [...of.refused]) {
      if (!named || lifted.some(([other]) => other === name)) of.refused.delete(name);
      compared(of, name);
    }
    of.refusalsInRow = 0;
  }
  for (const [name, served] of before) {
    const now = view.get(name);
    // Nobody asked for it by its name, so nobody waits to hear that it is gone.
    if (now === undefined && !of.names.has(name)) of.due.delete(name);
    if (now?.version !== served.version) compared(of, name);
  }
  for (const name of view.keys()) if (!before.has(name)) compared(of, name);
};

/** Names asked for: each is answered, even one that was asked for before. */
export const subscribed = (of: Ledger, names: Iterable<string>): void => {
  for (const name of names) {
    of.names.add(name);
    of.due.add(name);
    compared(of, name);
  }
};

/** What a client that comes back holds: only the difference is sent, and what was owed before it asked. */
export const remembered = (of: Ledger, versions: ReadonlyMap<string, string>, owed: ReadonlySet<string>): void => {
  for (const [name, version] of versions) {
    if (!isSubscribed(of, name)) continue;
    of.held.set(name, { version, accepted: undefined, had: true });
    if (!owed.has(name)) of.due.delete(name);
    compared(of, name);
  }
};

/** How many names it holds that neither it asked for nor the view has: what came with it from elsewhere. */
export const strange = ({ held, names, view }: Ledger): number =>
  [...held.keys()].filter((name) => !names.has(name) && !view.has(name)).length;

/** Names that the client lets go of. Those that the wildcard still covers are answered: it cannot know what becomes of them. */
export const unsubscribed = (of: Ledger, names: Iterable<string>): void => {
  for (const name of names) {
    if (!of.names.delete(name)) continue;
    if (of.everything) of.due.add(name);
    else forgotten(of, name);
    compared(of, name);
  }
};

export const subscribedToAll = (of: Ledger): void => {
  of.everything = true;
  of.answerOwed = true;
  for (const name of of.view.keys()) {
    of.due.add(name);
    compared(of, name);
  }
};

export const unsubscribedFromAll = (of: Ledger): void => {
  if (!of.everything) return;
  of.everything = false;
  for (const name of new Set([...of.held.keys(), ...of.gaps.keys(), ...of.view.keys()])) {
    if (!of.names.has(name)) forgotten(of, name);
    compared(of, name);
  }
};

const forgotten = (of: Ledger, name: string): void => {
  of.held.delete(name);
  of.due.delete(name);
  of.told.delete(name);
  of.refused.delete(name);
};

/** A name to be sent again though its content is known. It is remembered when nobody subscribed to it yet. */
export const owed = (of: Ledger, name: string): void => {
  of.due.add(name);
  compared(of, name);
};

/** What left for the client: from here until it answers, nothing of it is certain. */
export const sent = (of: Ledger, flight: InFlight): void => {
  of.inFlight = flight;
  of.answerOwed = false;
  for (const { name } of flight.changed) {
    const held = of.held.get(name);
    const had = held !== undefined && (held.had || held.version !== undefined);
    of.held.set(name, { version: undefined, accepted: held?.accepted, had });
    of.due.delete(name);
    of.told.delete(name);
    compared(of, name);
  }
  for (const name of flight.removed) {
    of.due.delete(name);
    const held = of.held.get(name);
    if (held !== undefined) of.held.set(name, { ...held, version: undefined });
    else of.told.add(name);
    compared(of, name);
  }
};

/** Names that a set cannot speak of any more: their absence is all that there is to say. */
export const dropped = (of: Ledger, names: Iterable<string>): void => {
  for (const name of names) {
    of.held.delete(name);
    of.due.delete(name);
    of.told.add(name);
    compared(of, name);
  }
};

/** The client took the response in flight. */
export const accepted = (of: Ledger): InFlight | undefined => {
  const flight = of.inFlight;
  if (flight === undefined) return undefined;
  of.inFlight = undefined;
  of.refusalsInRow = 0;
  of.lastRefusal = undefined;
  for (const served of flight.changed) {
    if (!isSubscribed(of, served.name)) continue;
    of.held.set(served.name, { version: served.version, accepted: served, had: true });
    compared(of, served.name);
  }
  for (const name of flight.removed) {
    of.held.delete(name);
    if (of.names.has(name)) of.told.add(name);
    compared(of, name);
  }
  return flight;
};

/**
 * The client refused the response in flight, whole or in part: nobody knows. What the message names is not sent again as it
 * is; the rest is, once, on its own. A second refusal in a row refuses all, so that no client makes this spin.
 */
export const refused = (of: Ledger, message: string): LastRefusal | undefined => {
  const flight = of.inFlight;
  if (flight === undefined) return undefined;
  of.inFlight = undefined;
  of.refusalsInRow += 1;
  const named = namedIn(message, flight.resources);
  const blamed = new Set(named.map(({ name }) => name));
  // Part of it is no more what would be sent: that may have been the bad one.
  const isOld = flight.changed.some(
    ({ name, version }) => of.view.get(name)?.version !== version && !flight.restored.has(name),
  );
  const spared = isOld || (of.refusalsInRow < 2 && flight.changed.some(({ name }) => blamed.has(name)));
  for (const { name, version } of flight.changed) {
    if (flight.restored.has(name)) continue;
    if (isSubscribed(of, name) && (!spared || blamed.has(name)))
      of.refused.set(name, { version, named: blamed.has(name), message });
    compared(of, name);
  }
  for (const name of flight.removed) {
    if (flight.restored.has(name)) continue;
    if (!spared && of.held.has(name)) of.refused.set(name, { version: "", named: false, message });
    compared(of, name);
  }
  // What the message names may not be what is held back for it.
  const isTold = spared || named.some(({ name }) => of.refused.has(name));
  of.lastRefusal = { message, resources: isTold && named.length > 0 ? named : flight.resources };
  return of.lastRefusal;
};

/** What the client refused and would be told still, with its words: in force until that changes, whatever else it accepts. */
export const refusals = ({ gaps, refused }: Ledger): ReadonlyMap<string, string> =>
  new Map([...refused].flatMap(([name, { message }]) => (gaps.get(name) === "refused" ? [[name, message]] : [])));
