import { refusing, waiting, type Behind } from "../settling.ts";

/** What our control plane says of its proxies to the rig. */
export interface Clients {
  /** What it serves now. */
  readonly revision: { readonly serial: number };
  readonly clients: readonly Client[];
}

/** One connected proxy. */
export interface Client {
  /** `namespace/workload/pod`. */
  readonly node: string;
  readonly workload: string;
  /** Whether it has acknowledged everything that it was sent, and was sent all of `serial`. */
  readonly synced: boolean;
  readonly serial: number;
  /** What it refuses at the moment, in its own words. */
  readonly refusals: readonly { readonly message: string }[];
}

/** Why a proxy does not yet work by this state, or a later one, as far as our control plane knows. */
export const clientBehind = ({ revision, clients }: Clients, node: string, serial: number): Behind | undefined => {
  const who = `the proxy of ${node}`;
  // A proxy that reconnects may stand there twice for a moment, and the older connection says nothing any more.
  const own = clients.filter((client) => client.node === node);
  const refusals = own.flatMap((client) => client.refusals);
  if (revision.serial < serial) return waiting(`mesh-control serves state ${revision.serial}, not ${serial}`);
  if (refusals.length > 0) return refusing(`${who} refuses: ${refusals.map(({ message }) => message).join("; ")}`);
  if (own.length === 0) return waiting(`${who} is not connected to mesh-control`);
  if (own.some((client) => client.synced && client.serial >= serial)) return undefined;
  const latest = Math.max(...own.map((client) => client.serial));
  return latest < serial
    ? waiting(`${who} was last sent state ${latest}, not ${serial}`)
    : waiting(`${who} has not acknowledged state ${serial}`);
};
