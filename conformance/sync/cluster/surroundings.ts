import { reasonOf } from "../../../runtime/log/log.ts";
import {
  clusterApi,
  ClusterError,
  type ClusterApi,
  type ClusterErrorKind,
  type WantedObject,
} from "../../../runtime/gitops/cluster/index.ts";
import type { KubeObject } from "../../rig/kube.ts";
import type { LastingApiServer } from "../lasting-api-server.ts";

export interface Surroundings {
  readonly server: LastingApiServer;
  /** Of somebody who may do everything. */
  readonly api: ClusterApi;
  /** Of Istio's networking kinds, not applied yet. */
  readonly definitions: readonly KubeObject[];
}

export const virtualService = (name: string, spec: object = {}, namespace = "shop"): WantedObject => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name, namespace },
  spec: {
    hosts: [`${name}.${namespace}.svc.cluster.local`],
    http: [{ route: [{ destination: { host: name } }] }],
    ...spec,
  },
});

export const virtualServices = { apiVersion: "networking.istio.io/v1", kind: "VirtualService" };

export const configMap = (
  name: string,
  data: Readonly<Record<string, string>> = {},
  namespace = "shop",
): WantedObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data,
});

/** Undefined when it was refused as this kind of failure, without another try, in words that hold each of these. */
export const refusedAs = async (
  kind: ClusterErrorKind,
  parts: readonly string[],
  work: () => Promise<unknown>,
): Promise<string | undefined> => {
  const error = await work().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error === undefined) return "it was not refused";
  if (!(error instanceof ClusterError)) return `it was refused as no ClusterError: ${reasonOf(error)}`;
  if (error.kind !== kind) return `it was refused as ${error.kind}: ${error.message}`;
  const missing = parts.find((part) => !error.message.includes(part));
  return missing === undefined ? undefined : `its words do not say \`${missing}\`: ${error.message}`;
};

/** Somebody who may only do what the rules say, in one namespace or in all. */
export const accountApi = async (
  server: LastingApiServer,
  account: string,
  rules: readonly object[],
  { namespaces }: { readonly namespaces: readonly string[] },
): Promise<ClusterApi & { readonly close: () => Promise<void> }> =>
  clusterApi({ access: server.access(await accountToken(server, account, rules, { namespaces })) });

export const accountToken = async (
  { kube }: Pick<LastingApiServer, "kube">,
  account: string,
  rules: readonly object[],
  { namespaces }: { readonly namespaces: readonly string[] },
): Promise<string> => {
  const rbac = "rbac.authorization.k8s.io";
  await kube.apply([
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account, namespace: "default" } },
    ...namespaces.flatMap((namespace): readonly KubeObject[] => [
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: account, namespace }, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: "RoleBinding",
        metadata: { name: account, namespace },
        roleRef: { apiGroup: rbac, kind: "Role", name: account },
        subjects: [{ kind: "ServiceAccount", name: account, namespace: "default" }],
      },
    ]),
  ]);
  const answer = await kube.raw("POST", `/api/v1/namespaces/default/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["https://kubernetes.default.svc"], expirationSeconds: 600 },
  });
  return (answer as { readonly status: { readonly token: string } }).status.token;
};
