/** How bytes reach mesh-control: mutual TLS, and no more of it than one process can bear. */
export type { ConnectionLimits } from "./strangers.ts";
export { transport, type Transport } from "./transport.ts";
