import type { VirtualHost } from "../../../lib/model/mesh.ts";
import { law } from "../law.ts";
import { alreadyHere } from "../ownership/one-policy-for-one-subject.ts";

/** Gateways merge rules for one host in no defined order (istio 22997, 49589, 58453). */
export const oneIngressForOneHost = law("MESH2019", ["gateways"], ({ gateways }, report) => {
  for (const { workload, listeners } of gateways) {
    for (const { port, virtualHosts } of listeners) {
      virtualHosts.forEach(({ host, origin }, index) => {
        const earlier = virtualHosts[index - 1];
        if (earlier?.host === host) report(origin, { host, gateway: workload, port }, [alreadyHere(earlier.origin)]);
      });
    }
    // One rule speaks for a host on all ports of a gateway, and lies in one namespace.
    const owners = new Map<string, VirtualHost>();
    for (const virtualHost of listeners.flatMap(({ virtualHosts }) => virtualHosts)) {
      const { host, namespace, origin } = virtualHost;
      const owner = owners.get(host) ?? virtualHost;
      owners.set(host, owner);
      if (owner.namespace !== namespace)
        report(origin, { host, gateway: workload, port: undefined }, [alreadyHere(owner.origin)]);
    }
  }
});
