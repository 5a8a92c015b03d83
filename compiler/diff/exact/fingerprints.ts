import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";

/**
 * All that the meaning of a call depends on beside its caller, as text: where two revisions have the same text, a caller
 * whom they call the same fares alike. Texts say more than meanings do; where they differ the algebra decides.
 */
export class Fingerprints {
  readonly #mesh: Mesh;
  readonly #kept = new Map<string, string>();

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  /** Of what a proxy sends to a port of a destination. */
  routed(host: Host, port: number): string {
    const found = lookup(this.#mesh).destination(host);
    const routes = found?.ports.find(({ number }) => number === port)?.routes ?? [];
    return this.#keep(`routed ${host} ${port}`, () =>
      [text(routes), this.#all([host, ...ledTo(routes)], [])].join("\n"),
    );
  }

  /** Of what is sent to an address, past the routes. */
  forwarded(host: Host): string {
    return this.#keep(`forwarded ${host}`, () => this.#all([host], []));
  }

  /** Of what reaches a workload. */
  arrived(id: WorkloadId): string {
    return this.#keep(`arrived ${id}`, () => this.#all([], [id]));
  }

  /** What is said of destinations and workloads, and of all to which gateways among them lead in turn. */
  #all(hosts: readonly Host[], ids: readonly WorkloadId[]): string {
    const { pathNormalization, autoMtls } = this.#mesh.platform;
    const [reachedHosts, reachedIds] = [new Set(hosts), new Set(ids)];
    const texts = [`${pathNormalization} ${String(autoMtls)}`];
    // Sets that grow while they are walked are walked to their end; there are two of them, hence the rounds.
    const done = new Set<string>();
    for (let size = -1; size !== done.size;) {
      size = done.size;
      for (const host of reachedHosts) {
        if (done.has(`${host}.`)) continue;
        done.add(`${host}.`);
        texts.push(this.#destinationText(host));
        for (const id of lookup(this.#mesh).destination(host)?.workloads ?? []) reachedIds.add(id);
      }
      for (const id of reachedIds) {
        if (done.has(id)) continue;
        done.add(id);
        texts.push(this.#workloadText(id));
        for (const { virtualHosts } of lookup(this.#mesh).gateway(id)?.listeners ?? [])
          for (const { routes } of virtualHosts) for (const host of ledTo(routes)) reachedHosts.add(host);
      }
    }
    return texts.join("\n");
  }

  #destinationText(host: Host): string {
    const found = lookup(this.#mesh).destination(host);
    if (found === undefined) return "";
    const { kind, ports, subsets, workloads } = found;
    return text({
      host,
      kind,
      ports: ports.map(({ number, protocol, target, tls }) => [number, protocol, target, tls]),
      subsets: subsets.map((subset) => [subset.name, subset.workloads]),
      workloads,
    });
  }

  #workloadText(id: WorkloadId): string {
    const { workload, mtls, authorizations, gateway } = lookup(this.#mesh);
    const found = workload(id);
    if (found === undefined) return "";
    return text({
      id,
      proxy: found.proxy,
      inbound: found.excludedPorts.inbound,
      ports: found.ports,
      identity: found.proxy === "gateway" ? found.identity : "",
      mtls: mtls(found).mode,
      rules: authorizations(found).map(({ action, rules }) => [action, rules]),
      listeners: (gateway(id)?.listeners ?? []).map(({ target, virtualHosts }) => [
        target,
        virtualHosts.map(({ host, routes }) => [host, routes]),
      ]),
    });
  }

  #keep(key: string, make: () => string): string {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#kept.set(key, made);
    return made;
  }
}

const ledTo = (routes: readonly Route[]): readonly Host[] =>
  routes.flatMap(({ backends }) => backends.map(({ host }) => host));

const text = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (key === "origin" ? undefined : inner));
