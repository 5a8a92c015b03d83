import type { Told } from "../../../runtime/control/views.ts";
import { refusing, waiting, type Behind } from "../../rig/settling.ts";

/** One proxy as `/debug/clients` shows it, as far as it is asked here. */
export interface ShownClient {
  readonly node: string;
  readonly synced: boolean;
  readonly types: Readonly<Record<string, { readonly acknowledged: Readonly<Record<string, string>> } | undefined>>;
  readonly refusals: readonly { readonly message: string }[];
}

/**
 * Why a proxy does not yet work by what it should have been told. Revisions have no names that were known before, and two edits
 * may make one: so it goes by the versions of what the proxy acknowledged, which are their contents'.
 */
export const clientBehind = (clients: readonly ShownClient[], node: string, wanted: Told): Behind | undefined => {
  const who = `the Envoy of ${node}`;
  const own = clients.filter((client) => client.node === node);
  const refusals = own.flatMap((client) => client.refusals);
  if (refusals.length > 0) return refusing(`${who} refuses: ${refusals.map(({ message }) => message).join("; ")}`);
  if (own.length === 0) return waiting(`${who} is not connected to mesh-control`);
  // A proxy that reconnects may stand there twice for a moment, and the older connection says nothing any more.
  const reasons = own.map((client) => {
    if (!client.synced) return "has not acknowledged all that it was sent";
    const others = (["cluster", "endpoints", "listener", "routes"] as const).find((type) => !has(client, type, wanted));
    return others && `has other resources of the type ${others}`;
  });
  return reasons.includes(undefined) ? undefined : waiting(`${who} ${reasons[0]}`);
};

/** Clusters are drained for a while, and what nobody uses is asked for by nobody. */
const has = ({ types }: ShownClient, type: keyof Told, wanted: Told): boolean => {
  const acknowledged = new Map(Object.entries(types[type]?.acknowledged ?? {}));
  const isWhole = type === "cluster" || type === "listener";
  return (
    [...wanted[type].values()].every(({ name, version }) =>
      isWhole || acknowledged.has(name) ? acknowledged.get(name) === version : true,
    ) &&
    (type !== "listener" || [...acknowledged.keys()].every((name) => wanted.listener.has(name)))
  );
};
