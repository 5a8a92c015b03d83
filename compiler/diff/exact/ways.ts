import type { WorkloadId } from "../../../lib/graph/graph.ts";
import type { Address } from "../../../lib/model/call.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh } from "../../../lib/model/mesh.ts";
import type { Decided } from "../../../lib/requests/decided/decided.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import type { ProxiedReach, Reach } from "../../../lib/requests/decided/reach.ts";
import type { Diagram, Diagrams } from "../../../lib/requests/diagrams.ts";

export type Caller = WorkloadId | "outside";

const nothingKnown: ProxiedReach = { kind: "proxied", named: new Map(), whole: new Set() };
/** What a caller's proxy knows; nothing, where it goes straight to addresses. */
export const known = (reach: Reach): ProxiedReach => (reach.kind === "proxied" ? reach : nothingKnown);

/** What becomes of a call that names a destination, or something that the caller's proxy does not know. */
export const named = (
  decided: Decided,
  caller: Caller,
  host: Host | undefined,
  unknown: Unknown,
  address: Address,
  port: number,
): Diagram<Effects> => {
  if (host !== undefined) return decided.decisions.routed(identity(decided.mesh, caller), host, port);
  return sent(decided, unknown, address, port);
};

/** What becomes of a call whose name a caller's proxy does not know: straight to its address, or always the same. */
export type Unknown = Diagram<Effects> | "direct" | "passed";

export const isStraight = (unknown: Unknown): boolean => typeof unknown === "string";

export const sent = ({ decisions }: Decided, unknown: Unknown, address: Address, port: number): Diagram<Effects> => {
  if (unknown === "direct") return decisions.direct(address, port);
  return unknown === "passed" ? decisions.passed(address, port) : unknown;
};

/** What becomes of calls whose name a caller's proxy does not know. */
export const unknownWay = (decided: Decided, reach: Reach, diagrams: Diagrams): Unknown => {
  if (reach.kind === "direct") return "direct";
  if (decided.mesh.platform.outbound === "allow-any") return reach.named.size > 0 ? "passed" : "direct";
  const { decisions } = decided;
  const closed = decisions.refused("out-of-scope");
  if (reach.named.size === 0) return closed;
  return diagrams.ite(diagrams.test({ of: "connection" }), closed, decisions.refused("unknown-host"));
};

/** What a caller proves to be by mTLS. */
export const identity = (mesh: Mesh, caller: Caller): string => {
  const found = caller === "outside" ? undefined : lookup(mesh).workload(caller);
  if (found === undefined) throw new Error(`${caller} has no proxy of its own`);
  return found.identity;
};
