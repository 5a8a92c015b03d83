/** Identities for mesh-control: who may have which, who has them, and what proves it. It knows no mesh and no discovery protocol. */
export { authority, type Authority, type CertificateCounts, type Issued } from "./authority.ts";
export { identities, type Identities } from "./identities.ts";
export { joined, kept, renewed } from "./join/client.ts";
export { heldIdentity, writtenIdentity, type HeldIdentity } from "./join/files.ts";
export { joinServer, type Allowed, type JoinServer } from "./join/server.ts";
export { joinTokens } from "./join/tokens.ts";
export { keyFolder, publishedRoots } from "./keys/folder.ts";
export { keySecret } from "./keys/secret.ts";
export type { KeyStore } from "./keys/store.ts";
export { inClusterAccess, kubernetesApi } from "./kubernetes/api.ts";
export { tokenReviews } from "./kubernetes/token-review.ts";
export { rootsSecret } from "./secrets.ts";
export { certificatesIn } from "./x509/pem.ts";
