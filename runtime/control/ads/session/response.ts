import { createHash } from "node:crypto";
import type { ServedType } from "../../served-type.ts";
import type { Served } from "../../view.ts";
import { isSubscribed, type Ledger } from "./ledger.ts";
import type { Ledgers, Order } from "./order.ts";

/** What one response says; undefined where there is nothing to say now. */
export interface Content {
  readonly resources: readonly Served[];
  readonly changed: readonly Served[];
  readonly removed: readonly string[];
  /** Names of which a set says nothing any more. */
  readonly dropped: readonly string[];
  readonly restored: ReadonlySet<string>;
}

/**
 * The difference, as far as it may leave now and fits into one response: the rest follows when this is acknowledged. An Envoy
 * that refused a cluster may keep it warming for ever, and until that is over it acknowledges no other (seen in 1.40): with
 * the next response it is told to go back to what it had.
 */
export const difference = (
  ledgers: Ledgers,
  type: ServedType,
  order: Order,
  responseBytes: number,
): Content | undefined => {
  const of = ledgers[type];
  const resources: Served[] = [];
  const removed: string[] = [];
  let bytes = 0;
  for (const [name, gap] of of.gaps) {
    if (bytes >= responseBytes) break;
    if (gap === "absence" || (gap === "removal" && (order.removals(type) || isUntaken(of, name)))) {
      removed.push(name);
      bytes += name.length;
    } else if (gap === "upsert" && isFree(type, name, order)) {
      const served = of.view.get(name);
      if (served === undefined) continue;
      bytes += served.bytes.length;
      if (bytes > responseBytes && resources.length > 0) break;
      resources.push(served);
    }
  }
  const restored = new Set<string>();
  if (type === "cluster" && (resources.length > 0 || removed.length > 0))
    for (const [name, gap] of of.gaps) {
      const held = of.held.get(name);
      if (gap !== "refused" || held === undefined || held.version !== undefined) continue;
      if (held.accepted !== undefined) resources.push(held.accepted);
      else if (!held.had) removed.push(name);
      else continue;
      restored.add(name);
    }
  const silent = resources.length === 0 && removed.length === 0;
  return silent && !(of.answerOwed && order.upserts(type))
    ? undefined
    : { resources, changed: resources, removed, dropped: [], restored };
};

/** Sent, never acknowledged: nothing that was sent since can need it. */
const isUntaken = (of: Ledger, name: string): boolean => {
  const held = of.held.get(name);
  return held !== undefined && held.version === undefined && !held.had;
};

const none: ReadonlySet<string> = new Set();

const isFree = (type: ServedType, name: string, order: Order): boolean =>
  order.upserts(type) && !order.blocked[type].has(name) && !(type === "endpoints" && order.areBehindTheirCluster(name));

/**
 * The whole set, where leaving out means taking away: with what must go still in it as long as something may need it. Of
 * secrets too: an Envoy takes a response without a secret that it has for an error.
 */
export const wholeSet = (ledgers: Ledgers, type: ServedType, order: Order): Content | undefined => {
  const of = ledgers[type];
  const removals = order.removals(type);
  const free = (name: string): boolean => isFree(type, name, order);
  const isNews = [...of.gaps].some(
    ([name, gap]) => gap === "absence" || (gap === "removal" && removals) || (gap === "upsert" && free(name)),
  );
  if (!isNews && !(of.answerOwed && order.upserts(type))) return undefined;
  const resources: Served[] = [];
  const changed: Served[] = [];
  const removed: string[] = [];
  const names = new Set([...(of.everything ? of.view.keys() : []), ...of.names, ...of.held.keys(), ...of.gaps.keys()]);
  for (const name of [...names].sort()) {
    if (!isSubscribed(of, name)) continue;
    const gap = of.gaps.get(name);
    const isSent = gap === undefined || (gap === "upsert" && free(name));
    const isTaken = gap === "absence" || (gap === "removal" && removals);
    const served = isSent ? of.view.get(name) : isTaken ? undefined : of.held.get(name)?.accepted;
    if (isTaken) removed.push(name);
    if (served === undefined) continue;
    resources.push(served);
    if (gap === "upsert" && isSent) changed.push(served);
  }
  if (type === "secret" && resources.length === 0)
    return { resources, changed, removed: [], dropped: removed, restored: none };
  return { resources, changed, removed, dropped: [], restored: none };
};

/** Sets that may be partial: what changed. They cannot say that something is gone; its cluster or listener says so. */
export const partialSet = (ledgers: Ledgers, type: ServedType, order: Order): Content | undefined => {
  const of = ledgers[type];
  const resources: Served[] = [];
  const dropped: string[] = [];
  for (const [name, gap] of of.gaps) {
    if (gap === "absence" || (gap === "removal" && order.removals(type))) dropped.push(name);
    const served = gap === "upsert" && isFree(type, name, order) ? of.view.get(name) : undefined;
    if (served !== undefined) resources.push(served);
  }
  if (resources.length === 0 && dropped.length === 0 && !(of.answerOwed && order.upserts(type))) return undefined;
  return { resources, changed: resources, removed: [], dropped, restored: none };
};

/** Of what the client has with this response: replicas that know nothing of each other give the same. */
export const setVersion = (of: Ledger, { resources }: Content): string => {
  const versions = new Map([...of.held].map(([name, { version }]) => [name, version ?? ""]));
  const whole = of.type !== "endpoints" && of.type !== "routes";
  if (whole) versions.clear();
  for (const { name, version } of resources) versions.set(name, version);
  const hash = createHash("sha256");
  for (const name of [...versions.keys()].sort()) hash.update(`${name}\0${versions.get(name) ?? ""}\0`);
  return hash.digest("hex").slice(0, 16);
};
