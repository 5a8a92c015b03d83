import { calledBy, calledOf } from "../cluster-name.ts";
import type { Listener } from "../config.ts";
import type { InstanceConfig } from "../instance-config.ts";
import { gateway, inbound, type Told } from "./inbound.ts";
import { httpCalls, wholeCalls } from "./outbound.ts";
import type { Claim, ProxyReading, ProxyTold } from "./proxy.ts";
import { below, settled, unreadable, type Place } from "./reading.ts";

/** One proxy's configuration in the model's words. What clusters claim is checked later, against what other proxies take. */
export const proxyTold = ({ config }: InstanceConfig, place: Place, reading: ProxyReading): ProxyTold => {
  const { workload, instance, platform } = reading;
  const listeners = config.listeners.map((one, index) => [one, below(place, "listeners", index)] as const);
  const sockets = new Set(config.listeners.map(({ address, port }) => `${address} ${port}`));
  settled(sockets.size === listeners.length, below(place, "listeners"), reading);
  settled(config.workload === workload.id, below(place, "workload"), reading);
  settled(config.identity === workload.identity, below(place, "identity"), reading);
  settled(config.trustDomain === platform.trustDomain, below(place, "trustDomain"), reading);
  settled(config.pathNormalization === platform.pathNormalization, below(place, "pathNormalization"), reading);
  const isGateway = workload.proxy === "gateway";
  for (const [{ kind }, at] of listeners) settled((kind === "gateway") === isGateway, at, reading);
  const http = ofKind(listeners, "outbound-http").map(([one, at]) => httpCalls(one, at, reading));
  const tcp = ofKind(listeners, "outbound-tcp").flatMap(([one, at]) => wholeCalls(one, at, reading));
  const taken = isGateway
    ? { mode: undefined, ...gateway(ofKind(listeners, "gateway"), place, reading) }
    : { gateway: [], ...inbound(ofKind(listeners, "inbound"), place, reading) };
  return {
    workload,
    instance,
    place,
    tables: http.flatMap(({ tables }) => tables),
    whole: [...http.flatMap(({ whole }) => whole), ...tcp],
    ...claims(config, place, reading),
    ...taken,
  };
};

const ofKind = <Kind extends Listener["kind"]>(
  listeners: readonly Told<Listener>[],
  kind: Kind,
): readonly Told<Listener & { readonly kind: Kind }>[] =>
  listeners.filter((one): one is Told<Listener & { readonly kind: Kind }> => one[0].kind === kind);

const claims = (
  { listeners, clusters }: InstanceConfig["config"],
  place: Place,
  reading: ProxyReading,
): Pick<ProxyTold, "claims" | "missing"> => {
  const names = calledBy(listeners);
  for (const name of Object.keys(clusters))
    if (!names.includes(name)) unreadable(below(place, "clusters", name), reading);
  return {
    claims: names.flatMap((name): readonly Claim[] => {
      const cluster = clusters[name];
      return cluster === undefined ? [] : [{ ...calledOf(name), cluster, place: below(place, "clusters", name) }];
    }),
    missing: names.filter((name) => clusters[name] === undefined).map(calledOf),
  };
};
