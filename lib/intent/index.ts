/** Everything that a policy may import. */
export { allow, deny } from "./access.ts";
export type { Access, Allow, AllowConnection, Caller, ConnectionGrant, Deny, DenyConnection, Grant } from "./access.ts";
export { external } from "./external.ts";
export type { External, ExternalIntent } from "./external.ts";
export type {
  GatewayHandle,
  HttpServiceHandle,
  HttpServiceRef,
  NamespaceHandle,
  Subject,
  SubsetHandle,
  TcpServiceHandle,
  WorkloadHandle,
} from "./handles.ts";
export { ingress } from "./ingress.ts";
export type { Ingress, IngressIntent } from "./ingress.ts";
export type { Retries, RetryCondition, Timeout } from "./limits.ts";
export { absent, present } from "./match.ts";
export type {
  HeaderCondition,
  HeaderConditions,
  HeaderExclusion,
  HeaderExclusions,
  PathCondition,
  When,
} from "./match.ts";
export { mesh } from "./mesh-config.ts";
export type { MeshConfig } from "./mesh-config.ts";
export { policy } from "./policy.ts";
export type {
  Dependency,
  GatewayPolicy,
  Mtls,
  NamespacePolicy,
  Policy,
  ServicePolicy,
  TcpServicePolicy,
  WorkloadPolicy,
} from "./policy.ts";
export { route } from "./route.ts";
export type { DirectResponse, Forwarding, HeaderEdits, Responding, Route, RouteIntent } from "./route.ts";
export { split } from "./split.ts";
export type { Split, Weights } from "./split.ts";
export type { Duration, Method, Path } from "./units.ts";
export { vary } from "./vary.ts";
