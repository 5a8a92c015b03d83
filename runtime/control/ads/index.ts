export type { Admission, AdsServer, Client, ClientStatus, Dismissal, Limits, Node, Peer, Refusal } from "./contract.ts";
export { adsServer, adsServerOptions } from "./server.ts";
