import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { dialledAddresses, namesOf, shortName } from "../../../lib/model/callable.ts";
import type { Destination, DestinationPort, Host, Scope } from "../../../lib/model/mesh.ts";
import { outboundSocket } from "../addresses.ts";
import type { ProxyTold } from "./proxy.ts";
import { isSame, settled, unreadable, type Reading } from "./reading.ts";

/** What a sidecar's application can call by name; reports where the proxy knows half of a destination, or by other names. */
export const scopeOf = (
  told: ProxyTold,
  destination: (host: Host) => Destination | undefined,
  reading: Reading,
): Scope => {
  const { workload, tables, whole, place } = told;
  const hosts = [...new Set([...tables, ...whole].map(({ host }) => host))].sort();
  // The first destination that has a name or an address answers to it.
  const taken = new Set<string>();
  for (const host of hosts) {
    const known = destination(host);
    settled(known !== undefined, place, reading);
    for (const port of known?.ports ?? []) if (known) knows(told, known, port, taken, reading);
  }
  const { id, namespace, labels } = workload;
  return { selector: { kind: "workloads", namespace, labels, workloads: [id], name: id }, hosts };
};

const knows = (
  { workload, instance, tables, whole, place }: ProxyTold,
  destination: Destination,
  { number, protocol }: DestinationPort,
  taken: Set<string>,
  reading: Reading,
): void => {
  const { host } = destination;
  const isHttp = carriesHttp(protocol);
  const isLoopback = instance.loopback !== undefined;
  const service = isHttp ? String(number) : `${shortName(destination)}:${number}`;
  const every = isHttp
    ? namesOf(destination, workload.namespace)
    : isLoopback
      ? ["*"]
      : dialledAddresses(destination, reading.placement);
  const isDialled = outboundSocket(instance, service, number) !== undefined;
  const key = (name: string): string => `${isLoopback || isHttp ? service : number} ${name}`;
  const wanted = isDialled ? every.filter((name) => !taken.has(key(name))) : [];
  for (const name of wanted) taken.add(key(name));
  const mine = tables.filter((one) => one.host === host && one.port === number);
  const forwarded = whole.filter((one) => one.host === host && one.port === number);
  const found = isHttp ? mine.flatMap(({ names }) => names) : forwarded.map(({ address }) => address);
  if (!isSame(found, wanted) || (isHttp ? forwarded : mine).length > 0)
    unreadable((isHttp ? mine : forwarded)[0]?.place ?? place, reading);
};
