import { X509Certificate } from "node:crypto";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import { refused, type Refused } from "../refused.ts";
import { spiffeParts } from "../spiffe-id.ts";
import { certificatesIn } from "./pem.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate as ParsedCertificate,
} from "./library.ts";

export interface Verification {
  /** PEM of every root that is trusted. */
  readonly roots: string;
  /** Undefined: any that the roots sign for, which is right only for roots that somebody pinned by hand. */
  readonly trustDomain: string | undefined;
  /** What the peer does with it: a client by default. */
  readonly as?: "client" | "server";
  /** Milliseconds since 1970. */
  readonly now?: number;
}

/** Far above any SVID; a handshake allows more. */
const longest = 16_384;

/** Extensions that are understood here; any other that is critical makes a certificate unusable (RFC 5280 §4.2). */
const understood = new Set(["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"]);

/**
 * Whom a peer's certificate names. Signed by one of the roots itself, both within their validity, and a leaf as SPIFFE
 * X509-SVID §4 and §5.2 have it: exactly one URI, CA:FALSE, digitalSignature without keyCertSign and cRLSign, the extended
 * usage. That the peer holds the key is shown by the handshake, not here.
 */
export const verifiedIdentity = (
  der: Uint8Array,
  { roots, trustDomain, as = "client", now = Date.now() }: Verification,
): SpiffeId | Refused => {
  if (der.length === 0) return refused("there is no certificate");
  if (der.length > longest) return refused("the certificate is too long");
  try {
    const read = new X509Certificate(der);
    const bounds = withinValidity(read, now);
    if (bounds !== undefined) return refused(`the certificate ${bounds}`);
    const issuers = certificatesIn(roots).map((root) => new X509Certificate(root));
    const issuer = issuers.find((root) => read.checkIssued(root) && read.verify(root.publicKey));
    if (issuer === undefined) return refused("the certificate is signed by no root that is trusted");
    if (!issuer.ca || withinValidity(issuer, now) !== undefined)
      return refused("the certificate's root is not valid now");
    return leafIdentity(new ParsedCertificate(new Uint8Array(der)), trustDomain, as);
  } catch {
    return refused("the certificate cannot be read");
  }
};

const withinValidity = (certificate: X509Certificate, now: number): string | undefined =>
  now < certificate.validFromDate.getTime()
    ? "is not valid yet"
    : now >= certificate.validToDate.getTime()
      ? "has expired"
      : undefined;

const leafIdentity = (
  leaf: ParsedCertificate,
  trustDomain: string | undefined,
  as: "client" | "server",
): SpiffeId | Refused => {
  if (leaf.extensions.some(({ critical, type }) => critical && !understood.has(type)))
    return refused("the certificate has a critical extension that is not understood");
  if (new Set(leaf.extensions.map(({ type }) => type)).size !== leaf.extensions.length)
    return refused("the certificate has an extension twice");
  if (leaf.getExtension(BasicConstraintsExtension)?.ca === true) return refused("the certificate is an authority's");
  const usages = leaf.getExtension(KeyUsagesExtension)?.usages ?? 0;
  if (
    (usages & KeyUsageFlags.digitalSignature) === 0 ||
    (usages & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0
  )
    return refused("the certificate's key usage is not that of a workload");
  const wanted = as === "client" ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth;
  if (leaf.getExtension(ExtendedKeyUsageExtension)?.usages.includes(wanted) !== true)
    return refused(`the certificate is not for a ${as}`);
  const uris =
    leaf.getExtension(SubjectAlternativeNameExtension)?.names.items.filter(({ type }) => type === "url") ?? [];
  const [uri, another] = uris;
  if (uri === undefined || another !== undefined) return refused("the certificate does not name exactly one identity");
  const parts = spiffeParts(uri.value);
  if (parts === undefined) return refused("the certificate's name is no SPIFFE identity");
  return trustDomain === undefined || parts.trustDomain === trustDomain
    ? uri.value
    : refused("the certificate is of another trust domain");
};
