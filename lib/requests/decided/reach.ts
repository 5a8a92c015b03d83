import { carriesHttp } from "../../graph/protocol.ts";
import type { WorkloadId } from "../../graph/graph.ts";
import { namesOf } from "../../model/callable.ts";
import { lookup } from "../../model/lookup.ts";
import type { Host, Mesh, MeshWorkload } from "../../model/mesh.ts";
import { once } from "../../graph/once.ts";

/** What becomes of what a caller sends to a port, before its content matters. */
export type Reach = { readonly kind: "direct"; readonly why: "outside" | "no-proxy" | "excluded-port" } | ProxiedReach;

export interface ProxiedReach {
  readonly kind: "proxied";
  /** By the name that a request's Host says; HTTP alone. */
  readonly named: ReadonlyMap<string, Host>;
  /** Destinations to whose addresses connections are forwarded whole. */
  readonly whole: ReadonlySet<Host>;
}

/** The way that a call takes: through the routes of a destination, whole to one, straight to its address, or nowhere. */
export type Way =
  | { readonly kind: "routed"; readonly host: Host }
  | { readonly kind: "whole"; readonly host: Host }
  /** `readsHttp`: the caller's proxy answers HTTP requests for whoever closes the connection. */
  | { readonly kind: "direct"; readonly readsHttp: boolean }
  | { readonly kind: "refused"; readonly reason: "out-of-scope" | "unknown-host" };

/** Whom the callers of a mesh reach; kept by scope, namespace and port, which is all that it depends on. */
class Callers {
  readonly #mesh: Mesh;
  readonly #kept = new Map<number, Map<WorkloadId | "outside", Reach>>();
  readonly #alike = new Map<string, ProxiedReach>();

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  reach(from: WorkloadId | "outside", port: number): Reach {
    let ofPort = this.#kept.get(port);
    if (ofPort === undefined) this.#kept.set(port, (ofPort = new Map<WorkloadId | "outside", Reach>()));
    const known = ofPort.get(from);
    if (known !== undefined) return known;
    const made = this.#reach(from, port);
    ofPort.set(from, made);
    return made;
  }

  #reach(from: WorkloadId | "outside", port: number): Reach {
    if (from === "outside") return { kind: "direct", why: "outside" };
    const caller = lookup(this.#mesh).workload(from);
    if (caller === undefined) throw new Error(`unknown caller ${from}`);
    if (caller.proxy === "none") return { kind: "direct", why: "no-proxy" };
    if (caller.excludedPorts.outbound.includes(port)) return { kind: "direct", why: "excluded-port" };
    const scope = lookup(this.#mesh).scope(caller.id);
    const key = `${scope?.selector.namespace ?? ""}/${scope?.selector.name ?? ""} ${caller.namespace} ${port}`;
    const known = this.#alike.get(key);
    if (known !== undefined) return known;
    const made = this.#made(caller, port);
    this.#alike.set(key, made);
    return made;
  }

  /** The way of a call; `name`: what Host says, in lower case and without port; a connection says nothing. */
  way(from: WorkloadId | "outside", to: Host | undefined, port: number, name: string | undefined): Way {
    const reach = this.reach(from, port);
    if (reach.kind === "direct") return { kind: "direct", readsHttp: false };
    if (to !== undefined && reach.whole.has(to)) return { kind: "whole", host: to };
    const host = name === undefined ? undefined : reach.named.get(name);
    if (host !== undefined) return { kind: "routed", host };
    if (this.#mesh.platform.outbound === "allow-any") return { kind: "direct", readsHttp: reach.named.size > 0 };
    const isHttp = reach.named.size > 0 && name !== undefined;
    return { kind: "refused", reason: isHttp ? "unknown-host" : "out-of-scope" };
  }

  #made(caller: MeshWorkload, port: number): ProxiedReach {
    const { scope, destination } = lookup(this.#mesh);
    const hosts = scope(caller.id)?.hosts;
    const known = hosts === undefined ? this.#mesh.destinations : hosts.flatMap((host) => destination(host) ?? []);
    const named = new Map<string, Host>();
    const whole = new Set<Host>();
    for (const one of known) {
      const found = one.ports.find(({ number }) => number === port);
      if (found === undefined) continue;
      if (!carriesHttp(found.protocol)) whole.add(one.host);
      else for (const name of namesOf(one, caller.namespace)) if (!named.has(name)) named.set(name, one.host);
    }
    return { kind: "proxied", named, whole };
  }
}

/** The callers of a mesh, whatever callees' proxies hold meanwhile. */
export const callersOf = once((mesh: Mesh): Callers => new Callers(mesh));
