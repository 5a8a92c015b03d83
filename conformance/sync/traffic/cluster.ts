import { readFileSync } from "node:fs";
import type { KubernetesObject } from "../../../targets/istio/object.ts";
import { nameOf } from "../../../targets/istio/object.ts";
import { clusterApi, refOf, type ClusterApi, type ClusterObject } from "../../../runtime/gitops/cluster/index.ts";
import { istiodSettling, type Settling } from "../../../runtime/gitops/rollout/settled.ts";
import { labelled, type Labels } from "../../../runtime/gitops/record.ts";
import type { SkewedIstiod } from "./skewed-istiod.ts";

/** The rig's cluster in the hands of mesh-sync's own code. */
export interface TrafficCluster {
  readonly api: ClusterApi;
  readonly settling: Settling;
  readonly labels: Labels;
  /** One after the other, in this order, without waiting for anything. */
  readonly written: (objects: readonly KubernetesObject[]) => Promise<readonly ClusterObject[]>;
  readonly removed: (objects: Iterable<ClusterObject>) => Promise<void>;
  readonly close: () => Promise<void>;
}

const labels: Labels = { "applyset.kubernetes.io/part-of": "rig" };
export const settleMs = 60_000;

export const trafficCluster = async (plane: SkewedIstiod): Promise<TrafficCluster> => {
  const { clusters, users } = JSON.parse(readFileSync(plane.kubeconfig, "utf8")) as {
    readonly clusters: readonly [{ readonly cluster: { readonly "certificate-authority-data": string } }];
    readonly users: readonly [{ readonly user: { readonly token: string } }];
  };
  const credentials = {
    headers: { authorization: `Bearer ${users[0].user.token}` },
    tls: { ca: Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString() },
  };
  const api = clusterApi({
    access: {
      server: new URL(`https://127.0.0.1:${plane.apiPort}`),
      namespace: undefined,
      credentials: () => Promise.resolve(credentials),
    },
  });
  const namespace = "mesh-sync";
  await plane.kube.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  return {
    api,
    labels,
    settling: istiodSettling({
      api,
      istiod: () => Promise.resolve([plane.debugAddress]),
      marker: { namespace, name: "settled" },
      timeoutMs: settleMs,
    }),
    async written(objects) {
      const stored: ClusterObject[] = [];
      for (const object of objects) stored.push(await api.apply(labelled(object, labels)));
      return stored;
    },
    async removed(objects) {
      for (const object of objects) await api.remove(refOf(object), { uid: object.metadata.uid });
    },
    close: () => api.close(),
  };
};

export const byName = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] =>
  objects.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
