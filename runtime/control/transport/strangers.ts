import { networkOf } from "../network-of.ts";

/** How many connections there may be, and of whom. */
export interface ConnectionLimits {
  readonly connections: number;
  /** Connections nobody was admitted on yet, in all and of one network. */
  readonly strangers: number;
  readonly strangersPerNetwork: number;
  /** How long a connection may take until somebody is admitted on it: handshake, first stream, and first request. */
  readonly strangerMs: number;
}

/** Room for 10,000 proxies, and for a thousand behind one address that come back at the same moment; more than those try again. */
export const defaultConnectionLimits: ConnectionLimits = {
  connections: 12_000,
  strangers: 4000,
  strangersPerNetwork: 1000,
  strangerMs: 30_000,
};

/** What the book needs of a connection. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  /** Ends it at once. */
  readonly cut: () => void;
}

/** Who is connected, and whether anybody vouched for them: whoever says nothing, or nothing good, is not kept. */
export interface Strangers {
  /** Why the connection is not taken; undefined where it is, as a stranger. */
  readonly arrived: (connection: Connection) => string | undefined;
  readonly left: (connection: Connection) => void;
  /** Somebody was admitted on the connection from `address:port`: it is no stranger from now on. */
  readonly known: (from: string) => void;
  /** Ends the connection from `address:port`: what its client proved when it connected is worth nothing any more. */
  readonly cut: (from: string) => void;
  readonly counts: () => { readonly connections: number; readonly strangers: number };
}

/** `late` is called before a stranger is cut whose time is up. */
export const strangers = (limits: ConnectionLimits, late: (connection: Connection) => void): Strangers => {
  const all = new Map<string, Connection>();
  const strange = new Map<string, { readonly network: string; readonly timer: NodeJS.Timeout }>();
  const perNetwork = new Map<string, number>();
  const keyOf = ({ address, port }: Connection): string => `${address}:${port}`;

  const strangerGone = (key: string): void => {
    const found = strange.get(key);
    if (found === undefined) return;
    strange.delete(key);
    clearTimeout(found.timer);
    const left = (perNetwork.get(found.network) ?? 1) - 1;
    if (left > 0) perNetwork.set(found.network, left);
    else perNetwork.delete(found.network);
  };
  const refusal = (network: string): string | undefined => {
    if (all.size >= limits.connections) return `more than ${limits.connections} connections`;
    if (strange.size >= limits.strangers) return `more than ${limits.strangers} connections of strangers`;
    return (perNetwork.get(network) ?? 0) >= limits.strangersPerNetwork
      ? `more than ${limits.strangersPerNetwork} connections of strangers from one network`
      : undefined;
  };

  return {
    arrived(connection) {
      const network = networkOf(connection.address);
      const why = refusal(network);
      if (why !== undefined) return why;
      const key = keyOf(connection);
      all.set(key, connection);
      perNetwork.set(network, (perNetwork.get(network) ?? 0) + 1);
      const timer = setTimeout(() => {
        late(connection);
        connection.cut();
      }, limits.strangerMs).unref();
      strange.set(key, { network, timer });
      return undefined;
    },
    left(connection) {
      const key = keyOf(connection);
      strangerGone(key);
      all.delete(key);
    },
    known: strangerGone,
    cut: (from) => all.get(from)?.cut(),
    counts: () => ({ connections: all.size, strangers: strange.size }),
  };
};
