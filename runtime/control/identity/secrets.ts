import { ownCertificate, trustedRoots } from "../../../targets/xds/identity-names.ts";
import { createHash, X509Certificate } from "node:crypto";
import { encoded } from "../../../targets/xds/proto/codec.ts";
import type { Served } from "../view.ts";
import { certificatesIn } from "./x509/pem.ts";

const inline = (text: string): { readonly inlineBytes: string } => ({
  inlineBytes: Buffer.from(text).toString("base64"),
});

/** From the certificates alone: a version travels in acknowledgements and logs, so it must say nothing about a key. */
const versionOf = (chain: string): string => {
  const hash = createHash("sha256");
  for (const certificate of certificatesIn(chain)) hash.update(new X509Certificate(certificate).raw);
  return hash.digest("hex").slice(0, 16);
};

/** An SVID as Envoy takes it (`envoy.extensions.transport_sockets.tls.v3.Secret`). `bytes` is a getter that no text form, spread or copy shows. */
export const certificateSecret = (svid: { readonly certificateChain: string; readonly privateKey: string }): Served => {
  const bytes = encoded("secret", {
    name: ownCertificate,
    tlsCertificate: { certificateChain: inline(svid.certificateChain), privateKey: inline(svid.privateKey) },
  });
  const shown: Omit<Served, "bytes"> = {
    name: ownCertificate,
    version: versionOf(svid.certificateChain),
    origins: [],
  };
  return Object.defineProperty(shown, "bytes", { get: () => bytes }) as Served;
};

/** A trust bundle (PEM) as Envoy takes it, the mesh's own unless named; whose names are allowed is said beside it, by listeners and clusters. */
export const rootsSecret = (roots: string, name: string = trustedRoots): Served => ({
  name,
  version: versionOf(roots),
  bytes: encoded("secret", { name, validationContext: { trustedCa: inline(roots) } }),
  origins: [],
});
