import { clusterRules, namespaceRules, rootRules, type Rule } from "../../../install/source/rules.ts";
import { ClusterError, clusterApi, type ObjectRef, type WantedObject } from "../../../runtime/gitops/cluster/index.ts";
import { eventually } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { duties } from "./duties.ts";
import { release, rootNamespace, type Surroundings } from "./surroundings.ts";

const marker = `${release.namespace}-${release.name}-settled`;

interface Grant {
  readonly role: "ClusterRole" | "Role" | "root";
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Of one object alone. */
  readonly name?: string;
}

const grantsOf = (role: Grant["role"], rules: readonly Rule[]): readonly Grant[] =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames: [name] = [] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({ role, group, resource, verb, ...(name !== undefined && { name }) })),
      ),
    ),
  );

const named = ({ verb, group, resource }: Grant): string => `${verb} ${resource}.${group}`;

/** What is granted is enough, and nothing of it is too much. */
export const roles = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  const { kube } = server;
  await kube.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }]);
  const installer = (object: WantedObject): Promise<unknown> => api.create(object);
  const remover = async (ref: ObjectRef): Promise<unknown> => {
    const { metadata } = (await api.get(ref)) ?? {};
    return metadata === undefined ? undefined : api.remove(ref, { uid: metadata.uid });
  };
  const token = await kube.raw(
    "POST",
    `/api/v1/namespaces/${release.namespace}/serviceaccounts/${release.name}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["https://kubernetes.default.svc"], expirationSeconds: 3600 },
    },
  );
  const access = server.access((token as { readonly status: { readonly token: string } }).status.token);
  // A watch that is refused is refused for good; what is merely slow is waited for as ever.
  const account = clusterApi({ access });
  const refusal = (): Promise<string | undefined> =>
    duties(account, installer, remover).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof ClusterError && error.kind === "forbidden") return error.message;
        throw error;
      },
    );
  const all = [
    ...grantsOf("ClusterRole", clusterRules),
    ...grantsOf("Role", namespaceRules(release.name)),
    ...grantsOf("root", rootRules(marker)),
  ];
  const granted = async (role: Grant["role"], left: readonly Grant[]): Promise<void> => {
    const ofAll = { name: `${release.namespace}:${release.name}` };
    const metadata = { ClusterRole: ofAll, Role: release, root: { ...ofAll, namespace: rootNamespace } }[role];
    await kube.apply([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: role === "root" ? "Role" : role,
        metadata,
        rules: left
          .filter((grant) => grant.role === role)
          .map(({ group, resource, verb, name }) => ({
            apiGroups: [group],
            resources: [resource],
            verbs: [verb],
            ...(name !== undefined && { resourceNames: [name] }),
          })),
      },
    ]);
  };
  const isAllowed = async ({ role, group, resource, verb, name }: Grant): Promise<boolean> => {
    const [plural, subresource] = resource.split("/");
    const review = await kube.raw("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: `system:serviceaccount:${release.namespace}:${release.name}`,
        resourceAttributes: {
          group,
          resource: plural,
          verb,
          namespace: role === "root" ? rootNamespace : release.namespace,
          ...(name !== undefined && { name }),
          ...(subresource === undefined ? {} : { subresource }),
        },
      },
    });
    return (review as { readonly status: { readonly allowed: boolean } }).status.allowed;
  };
  const isSo = (grant: Grant, allowed: boolean): Promise<true> =>
    eventually(`${named(grant)} is ${allowed ? "" : "not "}allowed`, async () =>
      (await isAllowed(grant)) === allowed ? true : undefined,
    );

  try {
    await judged(verdicts, "with the roles as they are shipped, mesh-sync does all that it does", async () => {
      for (const grant of all) await isSo(grant, true);
      return refusal();
    });
    await judged(
      verdicts,
      `each of the ${all.length} verbs is needed: taken away, that is what is refused`,
      async () => {
        const needless: string[] = [];
        for (const grant of all) {
          await granted(
            grant.role,
            all.filter((other) => other !== grant),
          );
          await isSo(grant, false);
          const words = (await refusal()) ?? "nothing was refused";
          if (!(
            words.includes(`cannot ${grant.verb} resource "${grant.resource}"`) && words.includes(`"${grant.group}"`)
          ))
            needless.push(`${named(grant)}: ${words}`);
          await granted(grant.role, all);
          await isSo(grant, true);
        }
        return difference(needless, []);
      },
    );
    await judged(verdicts, "what mesh-sync never does it may not do", async () => {
      const never: readonly (readonly [string, string, string])[] = [
        ["", "secrets", "get"],
        ["", "secrets", "list"],
        ["", "configmaps", "create"],
        ["", "namespaces", "create"],
        ["", "pods", "list"],
        ["apiextensions.k8s.io", "customresourcedefinitions", "create"],
        ["networking.istio.io", "envoyfilters", "create"],
        ["networking.istio.io", "virtualservices", "deletecollection"],
        ["meshwright.dev", "meshsyncs", "delete"],
        ["rbac.authorization.k8s.io", "clusterroles", "escalate"],
      ];
      const allowed: string[] = [];
      const grants = never.map(([group, resource, verb]): Grant => ({ role: "Role", group, resource, verb }));
      const others: Grant = { role: "root", group: "networking.istio.io", resource: "envoyfilters", verb: "patch" };
      const leases: Grant = { role: "Role", group: "coordination.k8s.io", resource: "leases", verb: "update" };
      const byName = [
        { ...others, verb: "create", name: "another" },
        { ...leases, name: "another" },
        { ...leases, verb: "get", name: "another" },
      ];
      for (const grant of [...grants, others, leases, ...byName])
        if (await isAllowed(grant)) allowed.push(named(grant));
      return difference(allowed, []);
    });
  } finally {
    await account.close();
  }
};
