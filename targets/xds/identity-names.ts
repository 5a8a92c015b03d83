/** What proxies and their control plane call identities: both sides of a connection, and whoever writes files between them, go by it. */

/** The secrets that every proxy asks for: its own certificate, and whom it trusts. Istio's names, so that tools know them. */
export const ownCertificate = "default";
export const trustedRoots = "ROOTCA";

/** Files that hold the secrets of a machine: Envoy takes one secret from each. */
export const secretFiles = { [ownCertificate]: "sds.json", [trustedRoots]: "sds-roots.json" } as const;

/** Whom a proxy takes for its control plane, and nobody else may be. */
export const controlIdentity = (trustDomain: string): string => `spiffe://${trustDomain}/mesh-control`;
