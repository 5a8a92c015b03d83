import { connection, type Connection } from "./connection.ts";
import { socketAddress } from "./clusters.ts";
import {
  below,
  fields,
  items,
  number,
  settled,
  text,
  texts,
  typeOf,
  unreadable,
  type Harmless,
  type Node,
  type Reading,
} from "./reading.ts";

/** A listener's chains, and what it looks for before it chooses one. */
export interface ListenerTold {
  readonly node: Node;
  readonly address: string;
  readonly port: number;
  readonly isBound: boolean;
  readonly isInbound: boolean;
  /** Whether it hands each connection to the listener of the address that was dialled. */
  readonly handsOver: boolean;
  readonly chains: readonly ChainTold[];
  readonly otherwise: ChainTold | undefined;
  readonly inspectors: readonly Inspector[];
}

export interface ChainTold {
  readonly node: Node;
  readonly port: number | undefined;
  readonly transport: string | undefined;
  /** Empty: any. */
  readonly protocols: readonly string[];
  readonly socket: Node | undefined;
  readonly connection: Connection;
}

export interface Inspector {
  readonly kind: "original-dst" | "tls" | "http";
  /** Ports on which it does not look. */
  readonly disabled: readonly number[];
  readonly node: Node;
}

const harmless: Harmless = {
  name: "the resource's own",
  trafficDirection: "said of it, acted on by nothing; here it tells which side the listener is of",
  maxConnectionsToAcceptPerSocketEvent: "how fast",
  perConnectionBufferLimitBytes: "memory",
  accessLog: "watches",
};

const inspectors: Readonly<Record<string, { readonly kind: Inspector["kind"]; readonly harmless: Harmless }>> = {
  "envoy.extensions.filters.listener.original_dst.v3.OriginalDst": { kind: "original-dst", harmless: {} },
  "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector": {
    kind: "tls",
    harmless: { initialReadBufferSize: "memory" },
  },
  "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector": { kind: "http", harmless: {} },
};

export const listenerTold = (node: Node, reading: Reading): ListenerTold => {
  const found = fields(
    node,
    [
      "address",
      "filterChains",
      "defaultFilterChain",
      "listenerFilters",
      "listenerFiltersTimeout",
      "continueOnListenerFiltersTimeout",
      "bindToPort",
      "useOriginalDst",
    ],
    reading,
    harmless,
  );
  // Servers that speak first say nothing that could be inspected: waiting must not end in a closed connection.
  if (items(found.listenerFilters).length > 0)
    settled(node, found, { listenerFiltersTimeout: ["0s"], continueOnListenerFiltersTimeout: [true] }, reading);
  return {
    node,
    ...socketAddress(found.address ?? below(node, "address"), reading),
    isBound: found.bindToPort?.value !== false,
    isInbound: (node.value as { readonly trafficDirection?: string }).trafficDirection === "INBOUND",
    handsOver: found.useOriginalDst?.value === true,
    chains: items(found.filterChains).map((chain) => chainTold(chain, reading)),
    otherwise: found.defaultFilterChain && chainTold(found.defaultFilterChain, reading),
    inspectors: items(found.listenerFilters).flatMap((filter) => inspector(filter, reading)),
  };
};

const chainTold = (node: Node, reading: Reading): ChainTold => {
  const { filterChainMatch, filters, transportSocket } = fields(
    node,
    ["filterChainMatch", "filters", "transportSocket"],
    reading,
    { name: "a name", transportSocketConnectTimeout: "how long a handshake may take" },
  );
  const match = fields(filterChainMatch, ["destinationPort", "transportProtocol", "applicationProtocols"], reading);
  return {
    node,
    port: match.destinationPort && number(match.destinationPort),
    transport: match.transportProtocol && text(match.transportProtocol),
    protocols: texts(match.applicationProtocols),
    socket: transportSocket,
    connection: connection(filters, node, reading),
  };
};

const inspector = (node: Node, reading: Reading): readonly Inspector[] => {
  const { typedConfig, filterDisabled } = fields(node, ["typedConfig", "filterDisabled"], reading, { name: "a name" });
  const known = inspectors[typeOf(typedConfig)];
  if (known === undefined) {
    unreadable(node, reading);
    return [];
  }
  fields(typedConfig, [], reading, known.harmless);
  return [{ kind: known.kind, disabled: filterDisabled ? portsOf(filterDisabled, reading) : [], node }];
};

const portsOf = (predicate: Node, reading: Reading): readonly number[] => {
  const { destinationPortRange, orMatch } = fields(predicate, ["destinationPortRange", "orMatch"], reading);
  const rules = items(fields(orMatch, ["rules"], reading).rules).flatMap((rule) => portsOf(rule, reading));
  if (destinationPortRange === undefined) {
    if (orMatch === undefined) unreadable(predicate, reading);
    return rules;
  }
  const { start, end } = fields(destinationPortRange, ["start", "end"], reading);
  const [first, beyond] = [number(start), number(end)];
  // Whole ranges are nobody's spelling of ports.
  if (beyond !== first + 1) unreadable(destinationPortRange, reading);
  return [first, ...rules];
};
