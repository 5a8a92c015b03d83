import { ownCertificate, secretFiles, trustedRoots } from "../../../../targets/xds/identity-names.ts";
import { X509Certificate } from "node:crypto";
import { join, resolve } from "node:path";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import { identityFiles } from "../../../identity-files.ts";
import { atomicFolder } from "../files/atomic-folder.ts";
import { clockSkewMs } from "../x509/leaf.ts";

/** A machine's certificate as it lies in its folder. The key is behind a function: printing this does not show it. */
export interface HeldIdentity {
  readonly certificateChain: string;
  readonly roots: string;
  /** As the graph names it: a certificate names an account, and several workloads may run as one. */
  readonly workload: string | undefined;
  readonly privateKey: () => string;
  readonly expiresAt: number;
  readonly renewAt: number;
}

const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/**
 * What Envoy reads by `path_config_source`: a DiscoveryResponse with one secret each, because a subscription to a secret
 * refuses a file with two. The files that they name are read anew when something moves in the folder.
 */
const discovery = (secret: Readonly<Record<string, unknown>>): string =>
  `${JSON.stringify({ resources: [{ "@type": type, ...secret }] }, undefined, 2)}\n`;

/** Writes a certificate, its key, the roots and what Envoy needs to find them, all at one moment; mode 0600. */
export const writtenIdentity = async (
  to: string,
  {
    certificateChain,
    roots,
    workload,
    privateKey,
  }: Pick<HeldIdentity, "certificateChain" | "roots" | "privateKey"> & Partial<Pick<HeldIdentity, "workload">>,
): Promise<void> => {
  const folder = resolve(to);
  const watchedDirectory = { path: folder };
  const file = (name: string) => ({ filename: join(folder, name) });
  const own = {
    name: ownCertificate,
    tlsCertificate: { certificateChain: file("identity.crt"), privateKey: file("identity.key"), watchedDirectory },
  };
  const trusted = { name: trustedRoots, validationContext: { trustedCa: file("roots.crt"), watchedDirectory } };
  await atomicFolder(
    folder,
    new Map([
      ["identity.crt", certificateChain],
      ["identity.key", privateKey()],
      ["roots.crt", roots],
      ...(workload === undefined ? [] : [["workload", `${workload}\n`] as const]),
      [secretFiles[ownCertificate], discovery(own)],
      [secretFiles[trustedRoots], discovery(trusted)],
    ]),
  );
};

/** Reads them of one moment, even while they are replaced. Rejects where there is no identity. */
export const heldIdentity = (folder: string): Promise<HeldIdentity> =>
  identityFiles(folder, ({ certificateChain, privateKey, roots, workload }) => ({
    ...lifeOf(certificateChain),
    certificateChain,
    roots,
    workload,
    privateKey: () => privateKey,
  }));

const lifeOf = (certificateChain: string): { readonly expiresAt: number; readonly renewAt: number } => {
  const { validFromDate, validToDate } = new X509Certificate(certificateChain);
  const [issuedAt, expiresAt] = [validFromDate.getTime() + clockSkewMs, validToDate.getTime()];
  return { expiresAt, renewAt: issuedAt + (expiresAt - issuedAt) / 2 };
};

/** Whom the certificate in a folder names, without a judgement on it. */
export const identityIn = (certificateChain: string): SpiffeId =>
  /URI:([^,"]+)/.exec(new X509Certificate(certificateChain).subjectAltName ?? "")?.[1] ?? "";
