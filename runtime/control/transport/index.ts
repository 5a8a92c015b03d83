/** How bytes reach mesh-control: mutual TLS, and no more of it than one process can bear. */
export { sparingLog } from "./sparing-log.ts";
export type { ConnectionLimits } from "./strangers.ts";
export { transport, type Transport } from "./transport.ts";
