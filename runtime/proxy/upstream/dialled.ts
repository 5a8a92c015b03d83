import { connect, type Socket } from "node:net";
import {
  connect as connectTls,
  createSecureContext,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureContext,
} from "node:tls";
import type { Endpoint } from "../../../targets/native/config.ts";
import type { Telemetry } from "../telemetry/exchange-record.ts";
import type { Reading } from "./connection.ts";
import { spiffeIdIn, type OwnIdentity } from "../identity/own-identity.ts";

/** How an endpoint is dialled: with mTLS inside of the mesh, with TLS towards servers outside that are known by name, or plainly. */
export interface Dialling {
  readonly endpoint: Endpoint;
  readonly originate?: { readonly sni: string } | undefined;
  /** Asked when dialling: certificates are renewed while proxies run. */
  readonly own: () => OwnIdentity | undefined;
  /** Asked before dialling where present: whether that would be a call of the proxy to itself. */
  readonly isItself?: (endpoint: Endpoint) => Promise<boolean>;
  /** Told where the endpoint is reached, and TLS is not agreed on. */
  readonly handshakeFailed?: Telemetry["handshakeFailed"];
}

/** Servers outside are believed as Node believes them, `NODE_EXTRA_CA_CERTS` and `--use-system-ca` included: some networks have an authority of their own. */
let publicContext: SecureContext | undefined;

/** Whether a socket on its way emits `secureConnect` when it is there, and not `connect`. */
export const isSecured = ({ endpoint, originate }: Dialling): boolean =>
  endpoint.identity !== undefined || originate !== undefined;

/** Node takes anybody where `NODE_TLS_REJECT_UNAUTHORIZED` says so and this does not. */
const proven = { rejectUnauthorized: true } as const;

/** A socket on its way. Either end may stop speaking first. */
export const dialled = (
  { endpoint: { address: host, port, identity }, originate, own }: Dialling,
  onread: Reading,
): Socket => {
  const to = { host, port, allowHalfOpen: true, onread };
  if (identity !== undefined) {
    const mine = own();
    if (mine === undefined) throw new Error("this proxy has no identity to prove");
    // Names are not what is proven: the identity is.
    const checkServerIdentity = (_: string, { subjectaltname }: PeerCertificate): Error | undefined =>
      spiffeIdIn(subjectaltname) === identity ? undefined : new Error(`the server is not ${identity}`);
    const options: ConnectionOptions = { ...to, ...proven, secureContext: mine.context, checkServerIdentity };
    return connectTls(options);
  }
  if (originate !== undefined) {
    publicContext ??= createSecureContext({ minVersion: "TLSv1.2" });
    const options: ConnectionOptions = { ...to, ...proven, servername: originate.sni, secureContext: publicContext };
    return connectTls(options);
  }
  return connect(to);
};
