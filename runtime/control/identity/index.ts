/** Identities for mesh-control: who may have which, who has them, and what proves it. It knows no mesh and no discovery protocol. */
export {
  authority,
  type Authority,
  type AuthorityOptions,
  type Issued,
  type Signed,
  type Stepped,
  type Wait,
} from "./authority.ts";
export { identities, type Identities, type IdentitiesOptions } from "./identities.ts";
export { joined, kept, renewed, type Joined, type JoinOptions, type KeptOptions } from "./join/client.ts";
export { heldIdentity, type HeldIdentity } from "./join/files.ts";
export { networkOf, rate, type Rate } from "./join/rate.ts";
export { joinServer, type Allowed, type JoinServer, type JoinServerOptions } from "./join/server.ts";
export { joinTokens, type Grant, type JoinTokens, type JoinTokensOptions } from "./join/tokens.ts";
export { keyFolder, publishedRoots } from "./keys/folder.ts";
export type { Phase, Step } from "./keys/ring.ts";
export { keySecret } from "./keys/secret.ts";
export type { KeyStore, Stored } from "./keys/store.ts";
export { inClusterAccess, kubernetesApi, type KubernetesAccess, type KubernetesApi } from "./kubernetes/api.ts";
export {
  defaultAudience,
  tokenReviews,
  type Reviewed,
  type TokenReviewOptions,
  type TokenReviews,
} from "./kubernetes/token-review.ts";
export type { Log, LogEntry, Refused } from "./log.ts";
export { certificateName, rootsName, rootsSecret } from "./secrets.ts";
export { controlIdentity, isTrustDomain, spiffeParts } from "./spiffe-id.ts";
export { verifiedIdentity, type Verification } from "./x509/verified.ts";
