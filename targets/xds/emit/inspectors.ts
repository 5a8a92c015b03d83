import { typed, type ListenerFilter } from "../messages.ts";

/** Servers that speak first say nothing that could be inspected, so waiting for it must not end in a closed connection. */
export const waiting = { listenerFiltersTimeout: "0s", continueOnListenerFiltersTimeout: true } as const;

/** Tells mTLS of other proxies, and a client's own TLS, from what comes in the clear. */
export const tlsInspector: ListenerFilter = {
  name: "envoy.filters.listener.tls_inspector",
  typedConfig: typed("envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector", {}),
};

/** Looks for HTTP, but on ports that are known to speak something. */
export const httpInspector = (declared: readonly number[]): ListenerFilter => {
  const ranges = declared.map((port) => ({ destinationPortRange: { start: port, end: port + 1 } }));
  const [only, ...others] = ranges;
  return {
    name: "envoy.filters.listener.http_inspector",
    typedConfig: typed("envoy.extensions.filters.listener.http_inspector.v3.HttpInspector", {}),
    ...(only && { filterDisabled: others.length === 0 ? only : { orMatch: { rules: ranges } } }),
  };
};

/** What the inspector calls HTTP in the clear. */
export const sniffedHttp = ["http/1.0", "http/1.1", "h2c"] as const;
