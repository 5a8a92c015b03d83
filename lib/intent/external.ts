import type { NamespaceHandle } from "./handles.ts";
import type { Retries, Timeout } from "./limits.ts";

export interface ExternalIntent {
  /** The DNS name that applications call. */
  readonly host: string;
  /** The port that applications call with plain HTTP. */
  readonly port: number;
  /** The proxy originates TLS towards this port, and verifies the server's certificate for `sni`. */
  readonly tls: {
    readonly port: number;
    /** Absent: the host. */
    readonly sni?: string;
  };
  /** `"dns"`: the proxy resolves the host; otherwise these addresses. */
  readonly resolve: "dns" | readonly string[];
  /** How calls to it are treated. */
  readonly timeout?: Timeout;
  readonly retries?: Retries | "none";
}

/** A service outside the mesh, spoken to over HTTPS by the proxies while applications speak plain HTTP to them. */
export interface External extends ExternalIntent {
  readonly $kind: "external";
  readonly namespace: NamespaceHandle;
}

/** Declares an external HTTPS service; export it as default and name it in other policies' `uses`. */
export const external = (namespace: NamespaceHandle, intent: ExternalIntent): External => ({
  $kind: "external",
  namespace,
  ...intent,
});
