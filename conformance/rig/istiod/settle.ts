import { alive, atWork, first, gone, proxied, proxyOf, refusing, waiting, type Behind } from "../settling.ts";
import type { Workload } from "../workload.ts";
import type { ControlPlane } from "./control-plane.ts";
import { rootNamespace } from "./ports.ts";
import type { EndpointController } from "./endpoints.ts";
import type { KubeObject } from "../kube.ts";
import type { RegisteredPod } from "./registration.ts";

/** Knows when the whole way from the API server to every Envoy has been gone. */
export interface Settlement {
  /** From now on istiod must hold this object at this resource version; undefined: must not hold it. */
  readonly expected: (object: KubeObject, resourceVersion: string | undefined) => void;
  readonly settle: (timeoutMs: number) => Promise<void>;
}

/** One connection in istiod's `/debug/syncz`. */
interface ProxyStatus {
  readonly proxy: string;
  readonly resources?: Readonly<
    Record<string, { readonly sent?: string; readonly acked?: string; readonly lastError?: string }>
  >;
}

/** One endpoint in istiod's `/debug/endpointz`. */
interface HeldEndpoint {
  readonly Addresses: readonly string[];
  readonly EndpointPort: number;
}

const types = {
  clusters: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoints: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  listeners: "type.googleapis.com/envoy.config.listener.v3.Listener",
  routes: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
} as const;

/**
 * istiod's own word that a proxy is in sync is worth nothing while istiod has not seen an object or still waits for
 * quiet. So, in this order: wait until istiod holds every version that the API server gave us, and every endpoint; then
 * apply a marker, an EnvoyFilter that adds an idle cluster to every proxy whatever its Sidecar says and makes istiod push
 * all types; the push that carries the marker was computed from everything before it. istiod numbers its pushes, and
 * sends clusters, endpoints, listeners, routes one after the other: once Envoy has the marker's cluster, and has
 * acknowledged all the others of that push or a later one, and nothing warms or drains any more, it works by what was
 * applied.
 */
export const settlement = (
  plane: ControlPlane,
  endpoints: EndpointController,
  pods: () => readonly RegisteredPod[],
  workloads: () => readonly Workload[],
): Settlement => {
  const configs = new Map<string, string | undefined>();
  const services = new Map<string, string | undefined>();
  let marks = 0;

  const debug = async <T>(path: string): Promise<T> => JSON.parse(await plane.istiodDebug(`/debug/${path}`)) as T;

  const configMissing = async (): Promise<Behind | undefined> => {
    if (configs.size === 0) return undefined;
    const held = new Map(
      (await debug<readonly KubeObject[]>("configz")).map((object) => [
        configKey(object),
        object.metadata.resourceVersion,
      ]),
    );
    return difference(configs, held);
  };
  const serviceMissing = async (): Promise<Behind | undefined> => {
    if (services.size === 0) return undefined;
    const all = await debug<readonly { readonly hostname: string; readonly ResourceVersion?: string }[]>("registryz");
    return difference(services, new Map(all.map(({ hostname, ResourceVersion }) => [hostname, ResourceVersion])));
  };
  const endpointMissing = async (wanted: ReadonlyMap<string, readonly string[]>): Promise<Behind | undefined> => {
    type Shards = Readonly<
      Record<string, Readonly<Record<string, { readonly Shards: Readonly<Record<string, readonly HeldEndpoint[]>> }>>>
    >;
    const held = await debug<Shards>("endpointz");
    for (const [host, expected] of wanted) {
      const actual = Object.values(held[host] ?? {}).flatMap(({ Shards }) =>
        Object.values(Shards)
          .flat()
          .flatMap(({ Addresses, EndpointPort }) => Addresses.map((address) => `${address}:${EndpointPort}`)),
      );
      const [want, have] = [[...new Set(expected)].sort().join(), [...new Set(actual)].sort().join()];
      if (want !== have) return waiting(`istiod knows ${have || "no endpoints"} for ${host}, not ${want || "none"}`);
    }
    return undefined;
  };

  /** Whether an Envoy has the marker's cluster, in its own word. */
  const isMarked = async (workload: Workload, marker: string): Promise<boolean> =>
    (await workload.admin(`/config_dump?resource=dynamic_active_clusters&name_regex=^${marker}$`)).includes(marker);

  /** Why this proxy does not yet work by the marker's push; undefined when it does. */
  const proxyBehind = async (
    workload: Workload,
    hasMarker: boolean,
    status: ProxyStatus | undefined,
    watches: Readonly<Record<string, readonly string[]>>,
  ): Promise<Behind | undefined> => {
    const who = proxyOf(workload);
    if (status === undefined) return waiting(`${who} is not connected to istiod`);
    const resources = status.resources ?? {};
    for (const [type, { lastError = "" }] of Object.entries(resources))
      if (lastError !== "") return refusing(`${who} refuses ${shortType(type)}: ${lastError}`);
    if (!hasMarker) return waiting(`${who} has not heard of the last push`);
    const push = pushNumber(resources[types.clusters]?.acked);
    for (const type of [types.endpoints, types.listeners, types.routes]) {
      // Every Envoy asks for listeners; for the others only where something names one.
      const isAsked = type === types.listeners || (watches[type] ?? []).length > 0;
      if (isAsked && pushNumber(resources[type]?.acked) < push)
        return waiting(`${who} has not acknowledged ${shortType(type)} of the last push`);
    }
    for (const [type, { sent, acked }] of Object.entries(resources))
      if (sent !== acked) return waiting(`${who} has not acknowledged ${shortType(type)}`);
    return atWork(workload);
  };

  const anyBehind = async (marker: string): Promise<Behind | undefined> => {
    const all = proxied(workloads());
    if (all.length === 0) return undefined;
    for (const workload of all) alive(workload);
    // The order matters: acknowledgements read before the marker was seen are those of the push before.
    const marked = new Map(
      await Promise.all(all.map(async (workload) => [workload, await isMarked(workload, marker)] as const)),
    );
    const [statuses, connections] = await Promise.all([
      debug<readonly ProxyStatus[]>("syncz"),
      debug<{
        readonly clients?: readonly {
          readonly connectionId: string;
          readonly watches?: Readonly<Record<string, readonly string[]>>;
        }[];
      }>("adsz"),
    ]);
    return first(all, (workload) => {
      const status = statuses.find(({ proxy }) => proxy === workload.proxy);
      const connection = connections.clients?.find(
        ({ connectionId }) => connectionId.replace(/-\d+$/, "") === workload.proxy,
      );
      return proxyBehind(workload, marked.get(workload) === true, status, connection?.watches ?? {});
    });
  };

  return {
    expected(object, resourceVersion) {
      if (object.kind === "Service" && object.apiVersion === "v1")
        services.set(`${object.metadata.name}.${object.metadata.namespace}.svc.cluster.local`, resourceVersion);
      else if (/\.istio\.io\//.test(object.apiVersion)) configs.set(configKey(object), resourceVersion);
    },
    async settle(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      const expectedEndpoints = await endpoints.reconcile(pods());
      await gone(
        async () => (await configMissing()) ?? (await serviceMissing()) ?? (await endpointMissing(expectedEndpoints)),
        deadline,
      );
      // What is gone for good need not be asked for again.
      for (const known of [configs, services])
        for (const [key, version] of known) if (version === undefined) known.delete(key);
      marks += 1;
      const marker = `rig-settled-${marks}`;
      await plane.kube.apply([markerFilter(marker)]);
      await gone(() => anyBehind(marker), deadline);
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

const shortType = (url: string): string => url.split(".").at(-1) ?? url;

/** Without the version: istiod reads each kind in one version, whichever it was written in. */
const configKey = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion.split("/")[0]} ${kind} ${metadata.namespace ?? "default"}/${metadata.name}`;

const difference = (
  expected: ReadonlyMap<string, string | undefined>,
  held: ReadonlyMap<string, string | undefined>,
): Behind | undefined => {
  for (const [key, version] of expected) {
    const actual = held.get(key);
    // istiod itself writes the status of a ServiceEntry; the versions of one etcd only grow.
    const reached = version === undefined ? actual === undefined : Number(actual) >= Number(version);
    if (!reached)
      return waiting(`istiod holds ${key} at ${held.get(key) ?? "no version"}, not at ${version ?? "none"}`);
  }
  return undefined;
};
