import { createHash } from "node:crypto";
import { refOf, type ClusterApi, type WantedObject } from "../../../runtime/gitops/cluster/index.ts";
import { applySet, type ApplySet } from "../../../runtime/gitops/inventory/index.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import {
  accountApi,
  configMap,
  refusedAs,
  virtualService,
  virtualServices,
  type Surroundings,
} from "./surroundings.ts";

const tooling = { name: "mesh-sync", version: "1.2.3" };
const parent = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "inventory" };
const member = (set: ApplySet, object: WantedObject): WantedObject => ({
  ...object,
  metadata: { ...object.metadata, labels: set.labels },
});
const names = async (set: ApplySet): Promise<unknown> => {
  const { ours, foreign } = await set.members();
  return [ours, foreign].map((objects) =>
    objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`).sort(),
  );
};

/** What is ours is said on one object and on each member, as KEP-3659 has it. */
export const applySets = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  await server.kube.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "mall" } }]);
  const made = (by: ClusterApi): ApplySet => applySet({ api: by, parent, tooling });
  const set = made(api);
  const annotations = async (): Promise<unknown> => (await api.get(parent))?.metadata.annotations;

  await judged(
    verdicts,
    "a parent says who it is, which kinds it has and where, before anything is there",
    async () => {
      await set.widen({
        kinds: [virtualServices, { apiVersion: "v1", kind: "ConfigMap" }],
        namespaces: ["shop", "mall"],
      });
      await set.widen({ kinds: [virtualServices] });
      const found = await api.get(parent);
      const digest = createHash("sha256").update("inventory.shop.ConfigMap.").digest("base64url");
      return (
        difference(found?.metadata.labels, { "applyset.kubernetes.io/id": `applyset-${digest}-v1` }) ??
        difference(found?.metadata.annotations, {
          "applyset.kubernetes.io/additional-namespaces": "mall",
          "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,VirtualService.networking.istio.io",
          "applyset.kubernetes.io/tooling": "mesh-sync/1.2.3",
        })
      );
    },
  );
  await api.apply(member(set, virtualService("one")));
  await api.apply(member(set, virtualService("two", {}, "mall")));
  await api.apply(virtualService("stranger"));
  await server.kube.raw(
    "PATCH",
    "/api/v1/namespaces/mall/configmaps/copied?fieldManager=kubectl",
    member(set, configMap("copied", {}, "mall")),
    "application/apply-patch+yaml",
  );
  const wanted = [["VirtualService mall/two", "VirtualService shop/one"], ["ConfigMap mall/copied"]];
  await judged(verdicts, "members are what carries the label; what others labelled is told apart", async () =>
    difference(await names(set), wanted),
  );
  await judged(verdicts, "who may not list a whole cluster finds them namespace by namespace", async () => {
    const rules = [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] },
      { apiGroups: ["networking.istio.io"], resources: ["virtualservices"], verbs: ["list"] },
    ];
    const narrow = await accountApi(server, "lister", rules, { namespaces: ["shop", "mall"] });
    const narrower = await accountApi(server, "half-lister", rules, { namespaces: ["shop"] });
    try {
      return (
        difference(await names(made(narrow)), wanted) ??
        // Half of what is there would look like objects that are gone.
        (await refusedAs("forbidden", ['in the namespace "mall"'], () => names(made(narrower))))
      );
    } finally {
      await narrow.close();
      await narrower.close();
    }
  });
  await judged(verdicts, "a rollout that is on its way is said until it is over, whatever else is said", async () => {
    await set.widen({ rollout: "c0ffee" });
    await set.widen({ kinds: [virtualServices] });
    const during = (await set.members()).rollout;
    await set.narrow({ kinds: [virtualServices], namespaces: ["shop"] });
    return (
      difference(during, "c0ffee") ??
      difference(await annotations(), {
        "applyset.kubernetes.io/additional-namespaces": "",
        "applyset.kubernetes.io/contains-group-kinds": "VirtualService.networking.istio.io",
        "applyset.kubernetes.io/tooling": "mesh-sync/1.2.3",
      })
    );
  });
  await judged(verdicts, "what is labelled where the inventory names no namespace is no member", async () =>
    difference(((await names(set)) as readonly unknown[])[0], ["VirtualService shop/one"]),
  );
  await judged(verdicts, "a kind whose definition is gone has no members", async () => {
    await set.widen({ kinds: [{ apiVersion: "gone.test/v1", kind: "Gone" }], namespaces: ["mall"] });
    return difference(((await names(set)) as readonly unknown[])[0], wanted[0]);
  });
  await judged(
    verdicts,
    "the parent of another tool, and a copy of a parent, are refused and left as they are",
    async () => {
      const other = { ...parent, name: "other" };
      const copy = { ...parent, name: "copy" };
      await server.kube.apply([
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: {
            name: "other",
            namespace: "shop",
            annotations: { "applyset.kubernetes.io/tooling": "kubectl/v1.36" },
          },
        },
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "copy", namespace: "shop", labels: { "applyset.kubernetes.io/id": set.id } },
        },
      ]);
      const before = await api.get(other);
      return (
        (await refusedAs("conflict", ["kubectl/v1.36"], () =>
          applySet({ api, parent: other, tooling }).widen({ namespaces: ["mall"] }),
        )) ??
        (await refusedAs("conflict", ["was it copied?"], () => applySet({ api, parent: copy, tooling }).members())) ??
        difference(await api.get(other), before)
      );
    },
  );
  await judged(verdicts, "a parent that is no ConfigMap and not there is said, and not made", async () =>
    refusedAs("not-found", ["VirtualService shop/absent"], () =>
      applySet({ api, parent: { ...virtualServices, namespace: "shop", name: "absent" }, tooling }).widen({}),
    ),
  );
  await judged(verdicts, "a parent that is removed while it is written does not come back as another", async () => {
    const vanishing = configMap("vanishing");
    const { metadata } = await api.apply(vanishing);
    await api.remove(refOf(vanishing), { uid: metadata.uid });
    const late = { ...vanishing, metadata: { ...vanishing.metadata, uid: metadata.uid } };
    const outcome = await api.apply(late).then(
      () => "it came back",
      (error: unknown) => (error instanceof Error && "kind" in error ? error.kind : String(error)),
    );
    return difference([outcome, await api.get(refOf(vanishing))], ["conflict", undefined]);
  });
};
