import { setTimeout as sleep } from "node:timers/promises";
import { rootNamespace, type ControlPlane } from "./cluster.ts";
import type { EndpointController } from "./endpoints.ts";
import type { KubeObject } from "./kube.ts";
import type { Workload } from "./workload.ts";

/** Knows when the whole way from the API server to every Envoy has been gone. */
export interface Settlement {
  /** From now on istiod must hold this object at this resource version; undefined: must not hold it. */
  readonly expected: (object: KubeObject, resourceVersion: string | undefined) => void;
  /** Milliseconds that it took. */
  readonly settle: (timeoutMs: number) => Promise<number>;
}

/** One connection in istiod's `/debug/syncz`. */
interface ProxyStatus {
  readonly proxy: string;
  readonly resources?: Readonly<
    Record<string, { readonly sent?: string; readonly acked?: string; readonly lastError?: string }>
  >;
}

const types = {
  clusters: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoints: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  listeners: "type.googleapis.com/envoy.config.listener.v3.Listener",
  routes: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
} as const;

/**
 * istiod's own word that a proxy is in sync is worth nothing while istiod has not seen an object or still waits for
 * quiet. So, in this order: wait until istiod holds every version that the API server gave us; then apply a marker, an
 * EnvoyFilter that adds an idle cluster to every proxy whatever its Sidecar says and makes istiod push all types; the
 * push that carries the marker was computed from everything before it. istiod numbers its pushes, and sends clusters,
 * endpoints, listeners, routes one after the other: once Envoy has the marker's cluster, and has acknowledged listeners
 * and routes of that push or a later one, and nothing warms or drains any more, it works by what was applied.
 */
export const settlement = (
  plane: ControlPlane,
  endpoints: EndpointController,
  workloads: () => readonly Workload[],
): Settlement => {
  const configs = new Map<string, string | undefined>();
  const services = new Map<string, string | undefined>();
  let marks = 0;

  const debug = async <T>(path: string): Promise<T> => JSON.parse(await plane.istiodDebug(`/debug/${path}`)) as T;

  const configMissing = async (): Promise<string | undefined> => {
    if (configs.size === 0) return undefined;
    const held = new Map(
      (await debug<readonly KubeObject[]>("configz")).map((object) => [
        configKey(object),
        object.metadata.resourceVersion,
      ]),
    );
    return difference(configs, held);
  };
  const serviceMissing = async (): Promise<string | undefined> => {
    if (services.size === 0) return undefined;
    const all = await debug<readonly { readonly hostname: string; readonly ResourceVersion?: string }[]>("registryz");
    return difference(services, new Map(all.map(({ hostname, ResourceVersion }) => [hostname, ResourceVersion])));
  };
  const endpointMissing = async (addresses: ReadonlyMap<string, readonly string[]>): Promise<string | undefined> => {
    type Shards = Readonly<
      Record<
        string,
        Readonly<
          Record<
            string,
            { readonly Shards: Readonly<Record<string, readonly { readonly Addresses: readonly string[] }[]>> }
          >
        >
      >
    >;
    const held = await debug<Shards>("endpointz");
    for (const [host, expected] of addresses) {
      const actual = Object.values(held[host] ?? {}).flatMap(({ Shards }) =>
        Object.values(Shards)
          .flat()
          .flatMap(({ Addresses }) => Addresses),
      );
      const [want, have] = [[...new Set(expected)].sort().join(), [...new Set(actual)].sort().join()];
      if (want !== have) return `istiod knows ${have || "no endpoints"} for ${host}, not ${want || "none"}`;
    }
    return undefined;
  };

  /** Why this proxy does not yet work by the marker's push; undefined when it does. */
  const proxyBehind = async (
    workload: Workload,
    status: ProxyStatus | undefined,
    watches: Readonly<Record<string, readonly string[]>>,
    marker: string,
  ): Promise<string | undefined> => {
    const who = `the Envoy of ${workload.proxy}`;
    if (workload.envoy?.ended() !== undefined)
      throw new Error(`${who} ended (${workload.envoy.ended()}); see ${workload.envoy.log}`);
    if (status === undefined) return `${who} is not connected to istiod`;
    const resources = status.resources ?? {};
    for (const [type, { lastError = "" }] of Object.entries(resources))
      if (lastError !== "") return `${who} refuses ${type.split(".").at(-1)}: ${lastError}`;
    const dump = await workload.admin(`/config_dump?resource=dynamic_active_clusters&name_regex=^${marker}$`);
    if (!dump.includes(marker)) return `${who} has not heard of the last push`;
    const push = pushNumber(resources[types.clusters]?.acked);
    if (pushNumber(resources[types.listeners]?.acked) < push) return `${who} has not acknowledged its listeners`;
    if ((watches[types.routes] ?? []).length > 0 && pushNumber(resources[types.routes]?.acked) < push)
      return `${who} has not acknowledged its routes`;
    for (const [type, { sent, acked }] of Object.entries(resources))
      if (sent !== acked) return `${who} has not acknowledged ${type.split(".").at(-1)}`;
    const gauges = await workload.admin(
      "/stats?filter=^(cluster_manager.warming_clusters|listener_manager.total_(listeners_warming|listeners_draining|filter_chains_draining))$",
    );
    const busy = gauges.split("\n").find((line) => /: [1-9]/.test(line));
    return busy && `${who} is still at work (${busy})`;
  };

  const anyBehind = async (marker: string): Promise<string | undefined> => {
    const proxied = workloads().filter(({ proxy }) => proxy !== undefined);
    if (proxied.length === 0) return undefined;
    const [statuses, connections] = await Promise.all([
      debug<readonly ProxyStatus[]>("syncz"),
      debug<{
        readonly clients?: readonly {
          readonly connectionId: string;
          readonly watches?: Readonly<Record<string, readonly string[]>>;
        }[];
      }>("adsz"),
    ]);
    const reasons = await Promise.all(
      proxied.map((workload) => {
        const status = statuses.find(({ proxy }) => proxy === workload.proxy);
        const connection = connections.clients?.find(
          ({ connectionId }) => connectionId.replace(/-\d+$/, "") === workload.proxy,
        );
        return proxyBehind(workload, status, connection?.watches ?? {}, marker);
      }),
    );
    return reasons.find((reason) => reason !== undefined);
  };

  /** Polls until a reason to wait is gone; the last reason tells why time ran out. A refusal that stays is final. */
  const gone = async (reason: () => Promise<string | undefined>, deadline: number): Promise<void> => {
    let refusedSince: number | undefined;
    for (;;) {
      const why = await reason();
      if (why === undefined) return;
      const now = performance.now();
      refusedSince = / refuses /.test(why) ? (refusedSince ?? now) : undefined;
      if (now > deadline || (refusedSince !== undefined && now - refusedSince > 2000))
        throw new Error(`the mesh does not settle: ${why}`);
      await sleep(15);
    }
  };

  return {
    expected(object, resourceVersion) {
      if (object.kind === "Service" && object.apiVersion === "v1")
        services.set(`${object.metadata.name}.${object.metadata.namespace}.svc.cluster.local`, resourceVersion);
      else if (/\.istio\.io\//.test(object.apiVersion)) configs.set(configKey(object), resourceVersion);
    },
    async settle(timeoutMs) {
      const started = performance.now();
      const deadline = started + timeoutMs;
      const addresses = await endpoints.reconcile(workloads());
      await gone(
        async () => (await configMissing()) ?? (await serviceMissing()) ?? (await endpointMissing(addresses)),
        deadline,
      );
      // What is gone for good need not be asked for again.
      for (const known of [configs, services])
        for (const [key, version] of known) if (version === undefined) known.delete(key);
      marks += 1;
      const marker = `rig-settled-${marks}`;
      await plane.kube.apply([markerFilter(marker)]);
      await gone(() => anyBehind(marker), deadline);
      return Math.round(performance.now() - started);
    },
  };
};

const markerFilter = (name: string): KubeObject => ({
  apiVersion: "networking.istio.io/v1alpha3",
  kind: "EnvoyFilter",
  metadata: { name: "rig-settled", namespace: rootNamespace },
  spec: {
    configPatches: [
      { applyTo: "CLUSTER", patch: { operation: "ADD", value: { name, type: "STATIC", connect_timeout: "1s" } } },
    ],
  },
});

/** istiod's nonces are its push version (`TIME/NUMBER`) followed by a UUID. */
const pushNumber = (nonce = ""): number => Number(nonce.slice(0, -36).split("/").at(-1) || -1);

/** Without the version: istiod reads each kind in one version, whichever it was written in. */
const configKey = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion.split("/")[0]} ${kind} ${metadata.namespace ?? "default"}/${metadata.name}`;

const difference = (
  expected: ReadonlyMap<string, string | undefined>,
  held: ReadonlyMap<string, string | undefined>,
): string | undefined => {
  for (const [key, version] of expected) {
    const actual = held.get(key);
    // istiod itself writes the status of a ServiceEntry; the versions of one etcd only grow.
    const reached = version === undefined ? actual === undefined : Number(actual) >= Number(version);
    if (!reached) return `istiod holds ${key} at ${held.get(key) ?? "no version"}, not at ${version ?? "none"}`;
  }
  return undefined;
};
