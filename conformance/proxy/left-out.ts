import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Call } from "../../lib/model/call.ts";
import { destinationsInScope } from "../../lib/model/callable.ts";
import { decide } from "../../lib/model/decide/index.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh } from "../../lib/model/mesh.ts";

/** What these proxies cannot do where they run, by name. */
export const leftOut = [
  // Who listens nowhere takes nothing: the kernel refuses what Envoy's one port for everything passes on.
  "calls that pass, on ports on which nothing is in scope",
  // MESH5009.
  "HTTP/2 and gRPC",
] as const;

export type LeftOut = (typeof leftOut)[number];

/** Why a call is left out; undefined where it comes out as decided. */
export const whyLeftOut = (mesh: Mesh, { from, to, port, request }: Call): LeftOut | undefined => {
  const workload = lookup(mesh).workload(from);
  if (workload === undefined) return undefined;
  const known = destinationsInScope({ mesh, workload }).flatMap(({ host, ports }) =>
    ports.flatMap((one) => (one.number === port ? [{ host, protocol: one.protocol }] : [])),
  );
  const passes = decide({ client: mesh, server: mesh }, { from, to, port, request }).branches.some(({ ends }) =>
    ends.some(({ outcome }) => outcome.kind === "delivered" && outcome.to === "as-dialled"),
  );
  if (known.length === 0 && passes) return "calls that pass, on ports on which nothing is in scope";
  return known.some(({ protocol }) => carriesHttp(protocol) && protocol !== "http") ? "HTTP/2 and gRPC" : undefined;
};
