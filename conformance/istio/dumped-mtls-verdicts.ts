import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { inboundMode, knownDestinations } from "./dumped-mtls.ts";
import type { Laboratory } from "../laboratory/laboratory.ts";

/** Where a real proxy's configuration is not what the mesh says of mTLS and of scopes. */
export const dumpedMtls = async (mesh: Mesh, { pod }: Laboratory): Promise<readonly string[]> => {
  const { mtls, scope, destination } = lookup(mesh);
  const found = await Promise.all(
    mesh.workloads.map(async (workload): Promise<readonly string[]> => {
      if (workload.proxy !== "sidecar") return [];
      const dump = await pod(workload.id).configDump();
      const wanted = mtls(workload).mode;
      const modes = workload.ports.flatMap(({ number }) => {
        const mode = inboundMode(dump, number);
        return mode === wanted
          ? []
          : [`${workload.id} takes connections to ${number} as ${mode ?? "nothing"}, not ${wanted}`];
      });
      const hosts = (scope(workload.id)?.hosts ?? []).filter((host) => (destination(host)?.ports.length ?? 0) > 0);
      const known = knownDestinations(dump);
      return known.join() === [...hosts].sort().join()
        ? modes
        : [
            ...modes,
            `${workload.id} knows ${known.join(", ") || "nothing"}, its scope is ${hosts.join(", ") || "nothing"}`,
          ];
    }),
  );
  return found.flat();
};
