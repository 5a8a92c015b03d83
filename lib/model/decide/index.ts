import type { Call } from "../call.ts";
import type { Mesh } from "../mesh.ts";
import { dialled } from "./caller.ts";
import type { Decision } from "./decision.ts";

/** The caller's proxy and the callee's may hold different revisions while a change rolls out. */
export interface Views {
  readonly client: Mesh;
  readonly server: Mesh;
}

/**
 * What happens to a call, as the proxies on its way decide it: the caller's (scope, route, destination, TLS), then the
 * callee's (TLS, deny, allow); a gateway runs all of the callee's part before its route acts.
 *
 * Ports are as they are dialled: a service's own for a destination, the workload's for a workload. `request.host` is what the
 * Host header says, with or without a port. Throws where the caller is a workload that the client's mesh does not have: a
 * bug of whoever asks.
 *
 * INVARIANT: no clock, no counter, no randomness. What depends on them (a retry, a timeout) is stated as treatment.
 */
export const decide = (views: Views, call: Call): Decision => ({ branches: dialled({ ...views, hops: 0 }, call) });
