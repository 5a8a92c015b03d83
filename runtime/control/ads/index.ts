export type {
  Admission,
  AdsMetrics,
  AdsOptions,
  AdsServer,
  Client,
  ClientStatus,
  Dismissal,
  Limits,
  Node,
  Peer,
  Refusal,
  TypeStatus,
} from "./contract.ts";
export { defaultLimits } from "./contract.ts";
export { adsServer, adsServerOptions } from "./server.ts";
