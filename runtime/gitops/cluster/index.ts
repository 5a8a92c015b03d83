/** What the rest of mesh-sync takes from here. */
export { clusterAccess } from "./access/kubeconfig.ts";
export { podAccess, type ClusterAccess, type Credentials } from "./access/access.ts";
export * from "./api.ts";
export { clusterApi, fullNameOf, refOf, type ClusterApiOptions } from "./client.ts";
export { hasDrifted, isManagedBy, ownAnnotation, ownedFields } from "./fields.ts";
export { microTime } from "./micro-time.ts";
export { isAtLeast } from "./version.ts";
export { pause } from "./connection/retried.ts";
export { leaderElection, type LeaderElection, type LeaderElectionOptions, type Term } from "./leader.ts";
