import { createHash, createPrivateKey, X509Certificate, webcrypto } from "node:crypto";
import { pem, certificatesIn } from "./pem.ts";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as ParsedCertificate,
} from "./library.ts";

/** A root that signs. Its key cannot be taken out again: it is no part of any text form of this. */
export interface Root {
  /** PEM of exactly one certificate. */
  readonly certificate: string;
  /** As it stands in the certificate: strict verifiers compare the issuer's bytes. */
  readonly subject: Name;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The certificate's SHA-256: what replicas compare. */
  readonly fingerprint: string;
  /** The key identifier that leaves name (RFC 5280 §4.2.1.1). */
  readonly keyId: string;
  /** Not extractable: printing it shows no more than its algorithm. */
  readonly signingKey: webcrypto.CryptoKey;
}

/** As files hold them. */
export interface RootFiles {
  readonly certificate: string;
  readonly key: string;
}

const p256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const year = 365 * 86_400_000;

/** A new self-signed root (SPIFFE X509-SVID §3: CA:TRUE, keyCertSign and cRLSign alone, an ID without a path). */
export const newRoot = async (trustDomain: string, lifetimeMs = 10 * year): Promise<RootFiles> => {
  const keys = await webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const now = Date.now();
  const serial = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString("hex");
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    // Roots of one trust domain differ in name, so that a verifier finds the right one first.
    name: [{ O: [trustDomain] }, { CN: [`meshwright root ${serial.slice(0, 8)}`] }],
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + lifetimeMs),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${trustDomain}` }]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: pem("CERTIFICATE", certificate.rawData),
    key: pem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
};

/**
 * A root from its files. Throws in words where the certificate is no self-signed CA, or the key is not its key or neither
 * ECDSA (P-256, P-384) nor RSA; the words never quote the key.
 */
export const rootFrom = async ({ certificate, key }: RootFiles): Promise<Root> => {
  const { text, read } = rootCertificate(certificate);
  const parsed = new ParsedCertificate(text);
  const { signingKey, keyId } = await importedKey(key, read, parsed);
  return {
    certificate: text,
    subject: parsed.subjectName,
    expiresAt: read.validToDate.getTime(),
    fingerprint: fingerprintOf(read),
    keyId,
    signingKey,
  };
};

/** The certificate of a root without its key: one that is trusted but does not sign here. Throws as `rootFrom` does. */
export const rootCertificate = (certificate: string): { readonly text: string; readonly read: X509Certificate } => {
  const [text, another] = certificatesIn(certificate);
  if (text === undefined) throw new Error("the root's certificate is no PEM certificate");
  if (another !== undefined) throw new Error("the root's certificate file holds more than one certificate");
  const read = new X509Certificate(text);
  if (!read.ca) throw new Error("the root's certificate is not that of a certificate authority");
  if (!read.checkIssued(read) || !read.verify(read.publicKey))
    throw new Error("the root's certificate is not self-signed: an intermediate cannot be the root that peers trust");
  return { text, read };
};

export const fingerprintOf = (certificate: X509Certificate): string =>
  createHash("sha256").update(certificate.raw).digest("hex");

const importedKey = async (
  key: string,
  certificate: X509Certificate,
  parsed: ParsedCertificate,
): Promise<{ readonly signingKey: webcrypto.CryptoKey; readonly keyId: string }> => {
  const read = privateKey(key);
  if (!certificate.checkPrivateKey(read)) throw new Error("the root's key does not belong to its certificate");
  const curve = { prime256v1: "P-256", secp384r1: "P-384" }[read.asymmetricKeyDetails?.namedCurve ?? ""];
  const algorithm =
    curve !== undefined
      ? { name: "ECDSA", namedCurve: curve }
      : read.asymmetricKeyType === "rsa"
        ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
        : undefined;
  if (algorithm === undefined) throw new Error("the root's key is neither ECDSA on P-256 or P-384 nor RSA");
  const der = read.export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  const said = parsed.getExtension(SubjectKeyIdentifierExtension);
  return { signingKey, keyId: said?.keyId ?? Buffer.from(await parsed.publicKey.getKeyIdentifier()).toString("hex") };
};

const privateKey = (text: string) => {
  try {
    return createPrivateKey(text);
  } catch {
    // OpenSSL's words could quote what it read.
    throw new Error("the root's key cannot be read as a PEM private key without a passphrase");
  }
};
