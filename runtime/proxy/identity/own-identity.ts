import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { SpiffeId } from "../../../lib/model/selector.ts";

/** What a proxy proves itself by, and whom it believes: PEM, as `mesh-control join` writes it. */
export interface KeyMaterial {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly roots: string;
}

/** The identity of this proxy, as it is at a moment: connections that are open keep what they began with. */
export interface OwnIdentity {
  readonly id: SpiffeId;
  readonly context: SecureContext;
  readonly material: KeyMaterial;
}

/** Throws in words where the key is not the certificate's, or the certificate is not of the identity. */
export const ownIdentity = (material: KeyMaterial, expected: SpiffeId): OwnIdentity => {
  const { certificateChain: cert, privateKey: key, roots: ca } = material;
  const certificate = new X509Certificate(cert);
  const id = spiffeIdIn(certificate.subjectAltName);
  if (id !== expected) throw new Error(`the certificate is of ${id ?? "nobody"}, and this proxy runs as ${expected}`);
  const context = createSecureContext({ cert, key, ca, minVersion: "TLSv1.2" });
  return { id, context, material };
};

/** The one SPIFFE id that a certificate is of; several are none (SPIFFE X.509-SVID, section 2). */
export const spiffeIdIn = (subjectAltName: string | undefined): SpiffeId | undefined => {
  const uris = (subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  const [only] = uris;
  if (uris.length !== 1 || only === undefined || !spiffeUri.test(only) || only.length > longestId) return undefined;
  // What resolves a reference would make another id of it.
  return only.split("/").some((segment) => segment === "." || segment === "..") ? undefined : only.slice("URI:".length);
};

/** SPIFFE-ID, sections 2.1 and 2.2: nothing of it needs quotes in a header. */
const spiffeUri = /^URI:spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/;
const longestId = 2048;

/** Who is at the other end, proven; undefined for who proves no identity of the trust domain. */
export const peerOf = (socket: TLSSocket, trustDomain: string): SpiffeId | undefined => {
  if (!socket.authorized) return undefined;
  const id = spiffeIdIn(socket.getPeerX509Certificate()?.subjectAltName);
  return id?.startsWith(`spiffe://${trustDomain}/`) === true ? id : undefined;
};
