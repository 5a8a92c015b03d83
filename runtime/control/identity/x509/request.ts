import { webcrypto } from "node:crypto";
import { reasonOf } from "../../../log/log.ts";
import { refused, type Refused } from "../refused.ts";
import { pem } from "./pem.ts";
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from "./library.ts";

const p256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** A key that never leaves this process but as a file of its owner. */
export interface KeyAndRequest {
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** PEM, PKCS#10. */
  readonly request: string;
}

/** A new ECDSA P-256 key; not enumerable as it is handed on, so that no text form of its owner shows it. */
export const newKey = async (): Promise<{
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: () => string;
}> => {
  const keys = await webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const text = pem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { publicKey: keys.publicKey, privateKey: () => text };
};

/** A new key with its request; the subject is left empty, because the authority reads nothing but the key. */
export const newRequest = async (): Promise<KeyAndRequest> => {
  const keys = await webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  const privateKey = pem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const made = { request: pem("CERTIFICATE REQUEST", request.rawData) };
  return Object.defineProperty(made, "privateKey", { get: () => privateKey, enumerable: false }) as KeyAndRequest;
};

/** Far above any request for an elliptic key. */
const longest = 8192;

/**
 * The public key of a request whose sender has shown to hold the private one (RFC 2986 §3). Names and extensions that the
 * request asks for are ignored: the identity is decided by whoever redeemed a token. Only ECDSA P-256.
 */
export const requestedKey = async (request: string | Uint8Array): Promise<webcrypto.CryptoKey | Refused> => {
  if (request.length > longest) return refused("the certificate request is too long");
  if (
    typeof request === "string" &&
    !/^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[^-]+-----END \1?CERTIFICATE REQUEST-----\s*$/.test(request)
  )
    return refused("the certificate request is not PEM");
  try {
    const parsed = new Pkcs10CertificateRequest(typeof request === "string" ? request : new Uint8Array(request));
    const algorithm = parsed.publicKey.algorithm as { readonly name: string; readonly namedCurve?: string };
    if (algorithm.name !== p256.name || algorithm.namedCurve !== p256.namedCurve)
      return refused("the certificate request's key is not ECDSA P-256");
    if (!(await parsed.verify())) return refused("the certificate request is not signed with its own key");
    return await webcrypto.subtle.importKey("spki", parsed.publicKey.rawData, p256, true, ["verify"]);
  } catch (error) {
    return refused(`the certificate request cannot be read (${reasonOf(error).slice(0, 80)})`);
  }
};
