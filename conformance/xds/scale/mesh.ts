import { defaultPlatform } from "../../../lib/graph/platform.ts";
import type { Destination, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import { noEdits } from "../../../lib/model/route.ts";
import { trustDomain } from "../../rig/workload.ts";
import type { Placement } from "../../rig/mesh-control/state.ts";

export const scopeSize = 10;

const origin = { module: "scale.ts", path: [] };
const namespaceOf = (index: number): string => `team-${String(Math.floor(index / 50)).padStart(3, "0")}`;
const nameOf = (index: number): string => `svc${String(index).padStart(5, "0")}`;

export const idOf = (index: number): string => `${namespaceOf(index)}/${nameOf(index)}`;
export const identityOf = (index: number): string =>
  `spiffe://${trustDomain}/ns/${namespaceOf(index)}/sa/${nameOf(index)}`;
const hostOf = (index: number): string => `${nameOf(index)}.${namespaceOf(index)}.svc.cluster.local`;

/** The services that a workload may call: the ten that follow on its own. */
const scopeOf = (index: number, count: number): readonly number[] =>
  Array.from({ length: scopeSize }, (_, step) => (index + 1 + step) % count);

/** Whose scope holds a service: the ten before it. */
export const holders = (service: number, count: number): readonly number[] =>
  Array.from({ length: scopeSize }, (_, step) => (service - 1 - step + count) % count).sort((a, b) => a - b);

/** So many services, each of one workload, whose scopes hold ten of them. `timeouts` are those of single services, in milliseconds. */
export const scaledMesh = (count: number, timeouts: ReadonlyMap<number, number>): Mesh => {
  const indices = Array.from({ length: count }, (_, index) => index);
  return {
    platform: { ...defaultPlatform, trustDomain, outbound: "registry-only" },
    workloads: indices.map((index): MeshWorkload => ({
      id: idOf(index),
      namespace: namespaceOf(index),
      name: nameOf(index),
      labels: { app: nameOf(index) },
      identity: identityOf(index),
      proxy: "sidecar",
      excludedPorts: { inbound: [], outbound: [] },
      ports: [{ number: 8080, protocol: "http" }],
    })),
    destinations: indices.map((index) => destination(index, timeouts.get(index) ?? "none")).sort(byHost),
    gateways: [],
    authorizations: [],
    mtls: [{ selector: { kind: "mesh" }, mode: "strict", origin }],
    scopes: indices.map((index) => ({
      selector: {
        kind: "workloads",
        namespace: namespaceOf(index),
        labels: { app: nameOf(index) },
        workloads: [idOf(index)],
        name: nameOf(index),
      },
      hosts: scopeOf(index, count).map(hostOf).sort(),
    })),
  };
};

export const scaledPlacement = (count: number): Placement => ({
  instances: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [idOf(index), [{ address: `10.1.${index >> 8}.${index & 255}` }]]),
  ),
  addresses: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [idOf(index), [`10.96.${index >> 8}.${index & 255}`]]),
  ),
});

const byHost = (a: Destination, b: Destination): number => (a.host < b.host ? -1 : 1);

const destination = (index: number, timeout: number | "none"): Destination => ({
  host: hostOf(index),
  namespace: namespaceOf(index),
  aliases: {
    anywhere: [`${nameOf(index)}.${namespaceOf(index)}`, `${nameOf(index)}.${namespaceOf(index)}.svc`],
    sameNamespace: [nameOf(index)],
  },
  kind: "cluster",
  ports: [
    {
      number: 80,
      name: "http",
      protocol: "http",
      target: 8080,
      tls: { mode: "mesh" },
      routes: [
        {
          matches: [{ path: { kind: "any" }, headers: [] }],
          backends: [{ host: hostOf(index), port: 80, subset: "any", weight: 1 }],
          directResponse: "none",
          timeout,
          retries: "none",
          requestHeaders: noEdits,
          responseHeaders: noEdits,
          origin,
        },
      ],
    },
  ],
  subsets: [],
  workloads: [idOf(index)],
  resolution: "platform",
  origin,
});
