import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { addressesOf, dialledAddresses, namesOf, shortName } from "../../../lib/model/callable.ts";
import type { Destination, Host, Scope } from "../../../lib/model/mesh.ts";
import type { ProxyTold } from "./proxy.ts";
import { below, unreadable, type Reading } from "./reading.ts";
import { isSame } from "./tls.ts";

/** What a sidecar's application can call by name; reports where the proxy knows half of a destination, or by other names. */
export const scopeOf = (
  told: ProxyTold,
  destination: (host: Host) => Destination | undefined,
  reading: Reading,
): Scope => {
  const { workload, tables, whole } = told;
  const hosts = [...new Set([...tables, ...whole].map(({ host }) => host))].sort();
  const taken = new Set<string>();
  for (const host of hosts) {
    const known = destination(host);
    if (known === undefined) unreadable(told.node, reading);
    else for (const port of known.ports) knows(told, known, port, taken, reading);
  }
  const { id, namespace, labels } = workload;
  return { selector: { kind: "workloads", namespace, labels, workloads: [id], name: id }, hosts };
};

const knows = (
  { workload, instance, tables, whole, node }: ProxyTold,
  destination: Destination,
  { number, protocol }: Destination["ports"][number],
  taken: Set<string>,
  reading: Reading,
): void => {
  const { host } = destination;
  const dialled = instance?.loopback?.services;
  if (!carriesHttp(protocol)) {
    const told = whole.filter((one) => one.host === host && one.port === number).map(({ address }) => address);
    const loopback = dialled?.[`${shortName(destination)}:${number}`];
    const addresses =
      dialled === undefined
        ? dialledAddresses(destination, reading.placement)
        : loopback === undefined
          ? []
          : [instance!.address];
    if (!isSame(told, addresses)) unreadable({ ...node, at: `/${host}:${number}` }, reading);
    return;
  }
  const names = namesOf(destination, workload.namespace).filter((name) => !taken.has(`${number} ${name}`));
  for (const name of names) taken.add(`${number} ${name}`);
  const mine = tables.filter((one) => one.host === host && one.port === number);
  const isMissing = names.length > 0 && (dialled === undefined || dialled[number] !== undefined);
  if (mine.length === 0 && isMissing) unreadable({ ...node, at: `/${host}:${number}` }, reading);
  for (const [index, { domains, node: virtualHost }] of mine.entries()) {
    // Spellings that Istio adds: absolute names, and the service's own addresses.
    const more = [...names.map((name) => `${name}.`), ...addressesOf(destination, reading.placement)];
    const isNamed = names.every((name) => domains.includes(name));
    const isOther = domains.some((domain) => !names.includes(domain) && !more.includes(domain));
    if (index > 0 || !isNamed || isOther) unreadable(below(virtualHost, "domains"), reading);
  }
};
