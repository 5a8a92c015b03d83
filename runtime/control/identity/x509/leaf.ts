import { isIP } from "node:net";
import { webcrypto } from "node:crypto";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import { pem } from "./pem.ts";
import type { Root } from "./root.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "./library.ts";

/** What is certified; the lifetime in milliseconds. */
export interface Leaf {
  readonly identity: SpiffeId;
  readonly publicKey: webcrypto.CryptoKey;
  readonly lifetimeMs: number;
  /** DNS names and IP addresses: only a server that is found by name has them. */
  readonly names?: readonly string[];
}

export interface SignedLeaf {
  /** The leaf alone: the root is in the bundle. */
  readonly certificateChain: string;
  readonly expiresAt: number;
  /** Half-way between now and the end. */
  readonly renewAt: number;
}

/** Clocks of a mesh differ by seconds; a certificate from the future is refused. */
export const clockSkewMs = 60_000;

/**
 * An X.509-SVID (SPIFFE X509-SVID §4, RFC 5280): one URI, CA:FALSE, digitalSignature, both extended usages, a random 128-bit
 * serial. It never outlives its root. Throws where the root is at its end.
 */
export const signedLeaf = async (
  root: Root,
  { identity, publicKey, lifetimeMs, names = [] }: Leaf,
): Promise<SignedLeaf> => {
  const now = Date.now();
  // Certificates count in whole seconds.
  const expiresAt = Math.floor(Math.min(now + lifetimeMs, root.expiresAt) / 1000) * 1000;
  if (root.expiresAt <= now) throw new Error("the root that signs has expired: rotate it");
  const certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString("hex"),
    subject: [{ O: ["meshwright"] }],
    issuer: root.subject,
    notBefore: new Date(now - clockSkewMs),
    notAfter: new Date(expiresAt),
    publicKey,
    signingKey: root.signingKey,
    signingAlgorithm: { name: root.signingKey.algorithm.name, hash: "SHA-256" },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([
        { type: "url", value: identity },
        ...names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name })),
      ]),
      new AuthorityKeyIdentifierExtension(root.keyId),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { certificateChain: pem("CERTIFICATE", certificate.rawData), expiresAt, renewAt: now + (expiresAt - now) / 2 };
};
