import { carriesHttp } from "../../graph/protocol.ts";
import type { WorkloadId } from "../../graph/graph.ts";
import { includes } from "../../model/authorization.ts";
import type { Address } from "../../model/call.ts";
import type { Answerer, MeantOutcome } from "../../model/decide/meaning.ts";
import { fraction } from "../../model/fraction.ts";
import { effectsOf, noEffects, type HeaderEffects } from "../../model/header-effects.ts";
import { lookup } from "../../model/lookup.ts";
import type { Destination, Host, Mesh, MeshWorkload, SpiffeId, VirtualHost } from "../../model/mesh.ts";
import type { Backend, Route } from "../../model/route.ts";
import { matchesSet, ruleSet } from "../conditions.ts";
import type { Diagram, Diagrams } from "../diagrams.ts";
import { beforeEdits } from "../edited.ts";
import { answered, anyOf, asSeenBySender, at, ending, splitInto, throughRoute, type Effects } from "./meanings.ts";

type Parts = Parameters<typeof splitInto>[0];

interface Sender {
  /** What it proves to be by mTLS. */
  readonly identity: SpiffeId;
  readonly by: Answerer;
}

interface Arriving {
  readonly port: number;
  readonly caller: SpiffeId | undefined;
  readonly tls: boolean;
  readonly to: Host | "as-dialled";
}

const mostHops = 8;

/**
 * What `decide` says of all requests at once: functions from requests to meanings, made of the same steps in the same
 * order (`lib/model/decide`). Functions are kept, because callers share nearly all of them.
 *
 * INVARIANT: for every request whose path is normalised, the function's value, realised, is the meaning of `decide`.
 */
export class Decisions {
  readonly #client: Mesh;
  readonly #server: Mesh;
  readonly #diagrams: Diagrams;
  readonly #connection: Diagram;
  readonly #kept = new Map<string, Diagram<Effects>>();
  readonly #applicable = new Map<string, string>();
  readonly #callees = new Map<string, readonly WorkloadId[]>();
  #onward: Decisions | undefined;

  constructor(views: { readonly client: Mesh; readonly server: Mesh }, diagrams: Diagrams) {
    this.#client = views.client;
    this.#server = views.server;
    this.#diagrams = diagrams;
    this.#connection = diagrams.test({ of: "connection" });
  }

  /** HTTP requests that a caller's proxy sends to a destination that it knows. */
  routed(caller: SpiffeId, host: Host, port: number): Diagram<Effects> {
    const routes = lookup(this.#client)
      .destination(host)
      ?.ports.find(({ number }) => number === port)?.routes;
    if (routes === undefined) throw new Error(`${host}:${port} is not known`);
    const key = `routed ${host} ${port} ${this.#callerKey(caller, host, port, routes)}`;
    return this.#keep(key, () => this.#routed(routes, { identity: caller, by: "caller" }, 0));
  }

  /** Whatever a caller's proxy forwards whole to a port that carries no HTTP. */
  whole(caller: SpiffeId, host: Host, port: number): Diagram<Effects> {
    const { yes } = this.#diagrams;
    const backend = { host, port, subset: "any", weight: 1 };
    const forwarded = this.#forwarded(backend, { identity: caller, by: "caller" }, 0, "connection");
    return this.#diagrams.substituted(forwarded, (test) =>
      test.of === "connection" ? yes : this.#diagrams.test(test),
    );
  }

  /** HTTP requests that a gateway's proxy sends along some routes, whatever let them in. */
  onward(gateway: MeshWorkload, routes: readonly Route[]): Diagram<Effects> {
    return this.#routed(routes, { identity: gateway.identity, by: gateway.id }, 0);
  }

  /** What is sent straight to an address, in plain text. */
  direct(to: Address, port: number): Diagram<Effects> {
    return this.#keep(`direct ${JSON.stringify(to)} ${port}`, () => this.#direct(to, port));
  }

  /** The same through a caller's proxy that reads HTTP on the port, though it does not know the name. */
  passed(to: Address, port: number): Diagram<Effects> {
    const direct = this.direct(to, port);
    return this.#diagrams.ite(
      this.#connection,
      direct,
      this.#diagrams.mapped(direct, (meaning) => asSeenBySender(meaning, "caller")),
    );
  }

  /** What a caller's own proxy refuses. */
  refused(reason: "out-of-scope" | "unknown-host"): Diagram<Effects> {
    return this.#ending(reason === "unknown-host" ? answered("caller", 502) : { kind: "closed", by: "caller" });
  }

  /** What a workload does with what reaches it; `caller` undefined: without a proven identity. */
  arrival(id: WorkloadId, port: number, caller: SpiffeId | undefined, tls: boolean): Diagram<Effects> {
    return this.#at(id, { port, caller, tls, to: "as-dialled" }, 0);
  }

  #routed(routes: readonly Route[], sender: Sender, hops: number): Diagram<Effects> {
    const nothing: Effects = ending(answered(sender.by, 404));
    return routes.reduceRight<Diagram<Effects>>(
      (otherwise, route) =>
        this.#diagrams.ite(matchesSet(route.matches, this.#diagrams), this.#route(route, sender, hops), otherwise),
      this.#diagrams.value(nothing),
    );
  }

  #route(route: Route, sender: Sender, hops: number): Diagram<Effects> {
    const diagrams = this.#diagrams;
    if (route.directResponse !== "none") {
      const { status, body } = route.directResponse;
      return this.#ending(
        answered(sender.by, status, { body: { text: body }, response: effectsOf(route.responseHeaders) }),
      );
    }
    const total = route.backends.reduce((sum, { weight }) => sum + weight, 0);
    const parts = route.backends.map((backend) => {
      const share = fraction(backend.weight, total);
      return diagrams.mapped(this.#forwarded(backend, sender, hops, "request"), (meaning): Parts => [[share, meaning]]);
    });
    const split = diagrams.mapped(
      parts.reduce((all, part) => diagrams.combined(all, part, (a, b) => [...a, ...b])),
      splitInto,
    );
    return diagrams.mapped(beforeEdits(split, effectsOf(route.requestHeaders), diagrams), (meaning) =>
      throughRoute(meaning, route, sender.by),
    );
  }

  #forwarded(backend: Backend, sender: Sender, hops: number, what: "request" | "connection"): Diagram<Effects> {
    const destination = lookup(this.#client).destination(backend.host);
    const port = destination?.ports.find(({ number }) => number === backend.port);
    const unavailable = answered(sender.by, 503);
    if (!destination || !port) return this.#ending(unavailable);
    if (destination.kind === "external" || destination.kind === "unselected")
      return this.#delivered(
        destination.host,
        port.target,
        port.tls.mode === "originate" ? { sni: port.tls.sni } : "none",
        "outside",
      );
    const workloads = behind(destination, backend);
    if (workloads.length === 0) return this.#ending(unavailable);
    const arrived = this.#anyOf(workloads, (id) => {
      const tls = port.tls.mode === "mesh" && this.#usesMtls(id);
      return this.#arrival(
        id,
        { port: port.target, caller: tls ? sender.identity : undefined, tls, to: backend.host },
        hops,
      );
    });
    return what === "connection"
      ? arrived
      : this.#diagrams.mapped(arrived, (meaning) => asSeenBySender(meaning, sender.by));
  }

  #direct(to: Address, port: number): Diagram<Effects> {
    const arriving = (target: number): Arriving => ({ port: target, caller: undefined, tls: false, to: "as-dialled" });
    if (to.kind === "elsewhere") return this.#delivered("as-dialled", port, "none", "outside");
    if (to.kind === "workload") return this.#at(to.workload, arriving(port), 0);
    const destination = lookup(this.#client).destination(to.host);
    const servicePort = destination?.ports.find(({ number }) => number === port);
    if (!destination || !servicePort) return this.#ending({ kind: "closed", by: "callee" });
    if (destination.kind === "external" || destination.workloads.length === 0)
      return this.#delivered("as-dialled", port, "none", "outside");
    return this.#anyOf(destination.workloads, (id) => this.#arrival(id, arriving(servicePort.target), 0));
  }

  #at(id: WorkloadId, arriving: Arriving, hops: number): Diagram<Effects> {
    return this.#diagrams.mapped(this.#arrival(id, arriving, hops), (meaning) => at(meaning, [id]));
  }

  #anyOf(workloads: readonly WorkloadId[], arrival: (id: WorkloadId) => Diagram<Effects>): Diagram<Effects> {
    const diagrams = this.#diagrams;
    const groups = new Map<Diagram<Effects>, WorkloadId[]>();
    for (const id of workloads) {
      const arrived = arrival(id);
      const known = groups.get(arrived);
      if (known) known.push(id);
      else groups.set(arrived, [id]);
    }
    const ways = [...groups].map(([arrived, ids]) =>
      diagrams.mapped(arrived, (meaning) => [at(meaning, [...ids].sort())]),
    );
    return diagrams.mapped(
      ways.reduce((all, way) => diagrams.combined(all, way, (a, b) => [...a, ...b])),
      anyOf,
    );
  }

  /** What a workload's own proxy does with what arrives: TLS, then deny, then allow, then a gateway's own routes. */
  #arrival(id: WorkloadId, arriving: Arriving, hops: number): Diagram<Effects> {
    const { port, caller, tls, to } = arriving;
    const key = `arrival ${id} ${port} ${this.#applicableKey(id, caller)} ${String(tls)} ${to} ${hops}`;
    return this.#keep(key, () => {
      const workload = lookup(this.#server).workload(id);
      return workload === undefined
        ? this.#ending({ kind: "closed", by: "callee" })
        : this.#made(workload, arriving, hops);
    });
  }

  #made(workload: MeshWorkload, { port, caller, tls, to }: Arriving, hops: number): Diagram<Effects> {
    const by: Answerer = workload.proxy === "gateway" ? workload.id : "callee";
    const closed = this.#ending({ kind: "closed", by });
    const delivered = this.#delivered(to, port, tls ? "mutual" : "none", "here");
    if (workload.proxy === "none" || workload.excludedPorts.inbound.includes(port)) return tls ? closed : delivered;
    if (workload.proxy === "gateway" && this.#listener(workload, port) === undefined) return closed;
    if (workload.proxy === "sidecar") {
      const { mode } = lookup(this.#server).mtls(workload);
      if (mode === "strict" && !tls) return closed;
      if (mode === "disabled" && tls) return closed;
    }
    const protocol = workload.ports.find(({ number }) => number === port)?.protocol;
    const readsHttp = protocol === undefined || carriesHttp(protocol);
    const forbidden = this.#forbidden(workload, port, by);
    const refused = readsHttp ? this.#diagrams.ite(this.#connection, closed, forbidden) : closed;
    const onward = workload.proxy === "gateway" ? this.#atGateway(workload, port, readsHttp, hops) : delivered;
    return this.#diagrams.ite(this.#allowed(workload, port, caller, readsHttp), onward, refused);
  }

  /** A gateway edits its refusals by the route that it would have taken, if that would have forwarded. */
  #forbidden(workload: MeshWorkload, port: number, by: Answerer): Diagram<Effects> {
    const diagrams = this.#diagrams;
    const refused = (response: HeaderEffects): Diagram<Effects> => this.#ending(answered(by, 403, { response }));
    const plain = refused(noEffects);
    const hosts = this.#listener(workload, port)?.virtualHosts ?? [];
    return [...hosts].sort(byPrecedence).reduceRight<Diagram<Effects>>((elsewhere, { host, routes }) => {
      const edited = routes.reduceRight<Diagram<Effects>>(
        (otherwise, { matches, directResponse, responseHeaders }) =>
          diagrams.ite(
            matchesSet(matches, diagrams),
            directResponse === "none" ? refused(effectsOf(responseHeaders)) : plain,
            otherwise,
          ),
        plain,
      );
      return diagrams.ite(hostSet(host, diagrams), edited, elsewhere);
    }, plain);
  }

  /** The requests that a workload's rules let in from a caller. */
  #allowed(workload: MeshWorkload, port: number, caller: SpiffeId | undefined, readsHttp: boolean): Diagram {
    const diagrams = this.#diagrams;
    const authorizations = lookup(this.#server).authorizations(workload);
    const matching = (action: "allow" | "deny"): Diagram =>
      diagrams.or(
        ...authorizations
          .filter((authorization) => authorization.action === action)
          .flatMap(({ rules }) => rules)
          .filter((rule) => includes(rule.from, caller) && (rule.ports === "any" || rule.ports.includes(port)))
          .map((rule) => {
            const set = ruleSet(rule, diagrams);
            return readsHttp || set === diagrams.yes ? set : diagrams.no;
          }),
      );
    const allowed = authorizations.some(({ action }) => action === "allow") ? matching("allow") : diagrams.yes;
    return diagrams.and(diagrams.not(matching("deny")), allowed);
  }

  #atGateway(workload: MeshWorkload, port: number, readsHttp: boolean, hops: number): Diagram<Effects> {
    const diagrams = this.#diagrams;
    const by = workload.id;
    if (hops >= mostHops) return this.#ending({ kind: "closed", by });
    const noListener = this.#ending({ kind: "closed", by });
    const listener = this.#listener(workload, port);
    if (listener === undefined || !readsHttp) return noListener;
    // From here on the gateway's own revision is the client's.
    const onward = (this.#onward ??=
      this.#client === this.#server ? this : new Decisions({ client: this.#server, server: this.#server }, diagrams));
    const sender: Sender = { identity: workload.identity, by };
    const unknown = this.#ending(answered(by, 404));
    const routed = [...listener.virtualHosts]
      .sort(byPrecedence)
      .reduceRight<Diagram<Effects>>(
        (otherwise, { host, routes }) =>
          diagrams.ite(hostSet(host, diagrams), onward.#routed(routes, sender, hops + 1), otherwise),
        unknown,
      );
    return diagrams.ite(this.#connection, noListener, routed);
  }

  #listener({ id }: MeshWorkload, port: number) {
    return lookup(this.#server)
      .gateway(id)
      ?.listeners.find(({ target }) => target === port);
  }

  #usesMtls(id: WorkloadId): boolean {
    const workload = lookup(this.#client).workload(id);
    return (
      this.#client.platform.autoMtls &&
      workload?.proxy === "sidecar" &&
      lookup(this.#client).mtls(workload).mode !== "disabled"
    );
  }

  #delivered(
    to: Host | "as-dialled",
    port: number,
    tls: (MeantOutcome<HeaderEffects> & { readonly kind: "delivered" })["tls"],
    where: "outside" | "here",
  ): Diagram<Effects> {
    const outcome = { kind: "delivered", to, port, tls, response: noEffects } as const;
    return this.#diagrams.ite(
      this.#connection,
      this.#ending({ ...outcome, request: "connection" }, where),
      this.#ending({ ...outcome, request: noEffects }, where),
    );
  }

  #ending(outcome: MeantOutcome<HeaderEffects>, where?: "outside" | "here"): Diagram<Effects> {
    return this.#diagrams.value(ending(outcome, where));
  }

  /** Callers whom the same rules let in are one to everybody behind these routes. */
  #callerKey(caller: SpiffeId, host: Host, port: number, routes: readonly Route[]): string {
    const place = `${host} ${port}`;
    let callees = this.#callees.get(place);
    if (callees === undefined) {
      const { destination } = lookup(this.#client);
      const hosts = [...new Set(routes.flatMap(({ backends }) => backends.map((backend) => backend.host)))];
      callees = [...new Set(hosts.flatMap((of) => destination(of)?.workloads ?? []))];
      this.#callees.set(place, callees);
    }
    return callees.map((id) => this.#applicableKey(id, caller)).join(" ");
  }

  /** Which of a workload's rules a caller is one of. */
  #applicableKey(id: WorkloadId, caller: SpiffeId | undefined): string {
    const key = `${id} ${caller ?? ""}`;
    const known = this.#applicable.get(key);
    if (known !== undefined) return known;
    const workload = lookup(this.#server).workload(id);
    const rules =
      workload === undefined
        ? []
        : lookup(this.#server)
            .authorizations(workload)
            .flatMap((one) => one.rules);
    const made = rules.map(({ from }) => (includes(from, caller) ? "1" : "0")).join("");
    this.#applicable.set(key, made);
    return made;
  }

  #keep(key: string, make: () => Diagram<Effects>): Diagram<Effects> {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#kept.set(key, made);
    return made;
  }
}

const behind = (destination: Destination, { subset }: Backend): readonly WorkloadId[] =>
  subset === "any" ? destination.workloads : (destination.subsets.find(({ name }) => name === subset)?.workloads ?? []);

/** An exact host before the longest wildcard, as `decide` looks them up. */
const byPrecedence = (a: VirtualHost, b: VirtualHost): number =>
  Number(a.host.startsWith("*")) - Number(b.host.startsWith("*")) || b.host.length - a.host.length;

const hostSet = (host: Host, diagrams: Diagrams): Diagram =>
  diagrams.test(
    host.startsWith("*")
      ? { of: "host", kind: "suffix", value: host.slice(1) }
      : { of: "host", kind: "exact", value: host },
  );
