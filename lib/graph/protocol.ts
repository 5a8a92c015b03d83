/** What a port speaks. `http` is HTTP/1.1; `https` and `tls` are opaque to the proxy. */
export const protocols = ["http", "http2", "grpc", "https", "tls", "tcp", "mongo", "mysql", "redis", "udp"] as const;
export type Protocol = (typeof protocols)[number];

/** Whether a proxy can read requests on it, and so route and authorize by method, path and header. */
export const carriesHttp = (protocol: Protocol | "undeclared"): boolean =>
  protocol === "http" || protocol === "http2" || protocol === "grpc";
