/** Views for tests: resources whose bytes are as real as the protocol needs, which is names inside of wire format. */
import type { ServedType } from "../served-type.ts";
import type { Served, View } from "../view.ts";

const text = (field: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([field * 8 + 2, Buffer.byteLength(value)]), Buffer.from(value)]);

/** A resource that names others. */
export const resource = (name: string, version: string, mentions: readonly string[] = []): Served => ({
  name,
  version,
  bytes: Buffer.concat([text(1, name), text(2, version), ...mentions.map((mentioned) => text(3, mentioned))]),
  origins: [],
});

export type Contents = Readonly<Partial<Record<ServedType, readonly Served[]>>>;

export const viewWith = ({ secret, cluster, endpoints, listener, routes, proxyConfig }: Contents): View => {
  const byName = (resources: readonly Served[] = []) => new Map(resources.map((served) => [served.name, served]));
  return {
    secret: byName(secret),
    cluster: byName(cluster),
    endpoints: byName(endpoints),
    listener: byName(listener),
    routes: byName(routes),
    proxyConfig: byName(proxyConfig),
  };
};
