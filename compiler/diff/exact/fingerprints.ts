import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";

/**
 * All that the meaning of a call depends on beside its caller, as text: where two revisions have the same text nothing
 * can differ, and nothing is worked out. Texts say more than meanings do; where they differ the algebra decides.
 */
export class Fingerprints {
  readonly #mesh: Mesh;
  readonly #forwarded = new Map<Host, string>();
  readonly #arrived = new Map<WorkloadId, string>();
  readonly #platform: string;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
    const { pathNormalization, autoMtls } = mesh.platform;
    this.#platform = `${pathNormalization} ${String(autoMtls)}`;
  }

  /** Of what a proxy sends to a port of a destination. */
  routed(host: Host, port: number): string {
    const found = lookup(this.#mesh).destination(host);
    const routes = found?.ports.find(({ number }) => number === port)?.routes;
    return [this.#platform, this.forwarded(host), routes === undefined ? "" : this.#routes(routes)].join("\n");
  }

  /** Of what is sent to an address, past the routes. */
  forwarded(host: Host): string {
    const known = this.#forwarded.get(host);
    if (known !== undefined) return known;
    // A gateway's route may lead back to the gateway.
    this.#forwarded.set(host, "itself");
    const found = lookup(this.#mesh).destination(host);
    const made = found
      ? [
          this.#platform,
          text({
            kind: found.kind,
            ports: found.ports.map(({ number, protocol, target, tls }) => [number, protocol, target, tls]),
            subsets: found.subsets.map(({ name, workloads }) => [name, workloads]),
          }),
          ...found.workloads.map((id) => this.arrived(id)),
        ].join("\n")
      : "";
    this.#forwarded.set(host, made);
    return made;
  }

  /** Of what reaches a workload. */
  arrived(id: WorkloadId): string {
    const known = this.#arrived.get(id);
    if (known !== undefined) return known;
    this.#arrived.set(id, "itself");
    const { workload, mtls, authorizations, gateway } = lookup(this.#mesh);
    const found = workload(id);
    const listeners = gateway(id)?.listeners ?? [];
    const made = found
      ? [
          this.#platform,
          text({
            id,
            proxy: found.proxy,
            inbound: found.excludedPorts.inbound,
            ports: found.ports,
            identity: found.proxy === "gateway" ? found.identity : "",
            mtls: mtls(found).mode,
            rules: authorizations(found).map(({ action, rules }) => [action, rules]),
            listeners: listeners.map(({ target, virtualHosts }) => [target, virtualHosts.map(({ host }) => host)]),
          }),
          ...listeners.flatMap(({ virtualHosts }) => virtualHosts.map(({ routes }) => this.#routes(routes))),
        ].join("\n")
      : "";
    this.#arrived.set(id, made);
    return made;
  }

  #routes(routes: readonly Route[]): string {
    const hosts = new Set(routes.flatMap(({ backends }) => backends.map(({ host }) => host)));
    return [text(routes), ...[...hosts].map((host) => this.forwarded(host))].join("\n");
  }
}

const text = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (key === "origin" ? undefined : inner));
