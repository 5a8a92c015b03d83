/** What the rest of mesh-sync takes from here. */
export { clusterAccess } from "./kubeconfig.ts";
export { podAccess, type ClusterAccess, type Credentials } from "./access.ts";
export * from "./api.ts";
export { clusterApi, nameOf, refOf, type ClusterApiOptions } from "./client.ts";
export { hasDrifted, isManagedBy, ownedFields, wouldChange } from "./fields.ts";
export { leaderElection, type LeaderElection, type LeaderElectionOptions, type Term } from "./leader.ts";
