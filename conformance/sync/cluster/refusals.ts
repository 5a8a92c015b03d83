import { clusterApi } from "../../../runtime/gitops/cluster/index.ts";
import { eventually } from "../../rig/process.ts";
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

/** Each refusal of a real API server is what it is, in words, and what cannot pass by itself is asked once. */
export const refusals = async (verdicts: Verdicts, { server, definitions }: Surroundings): Promise<void> => {
  const again: string[] = [];
  const api = clusterApi({
    access: server.access(),
    log: (entry) => void (entry.event === "api server tried again" && again.push(String(entry["reason"]))),
  });
  const { kube } = server;
  try {
    await judged(
      verdicts,
      "a kind without its definition is no such kind, for a write, a list and a watch",
      async () => {
        const asked = [
          () => api.apply(virtualService("reviews")),
          () => api.list(virtualServices),
          () => api.get({ ...virtualServices, namespace: "shop", name: "reviews" }),
          () => api.watch(virtualServices, { from: "1", signal: AbortSignal.timeout(5000) }, () => undefined),
        ];
        for (const ask of asked) {
          const wrong = await refusedAs("no-such-kind", ["VirtualService", "custom resource definition"], ask);
          if (wrong !== undefined) return wrong;
        }
        return difference(await api.preferred("networking.istio.io", "VirtualService"), undefined);
      },
    );
    await kube.apply(definitions);
    await judged(verdicts, "a definition that appears later is found, and then a missing namespace is said", async () =>
      eventually("the kind is served", async () => {
        const wrong = await refusedAs("not-found", ["VirtualService shop/reviews", 'namespaces "shop" not found'], () =>
          api.apply(virtualService("reviews")),
        );
        if (wrong?.includes("no-such-kind")) return undefined;
        return { wrong };
      }).then(({ wrong }) => wrong),
    );
    await judged(verdicts, "the API server's preferred version of a kind is found", async () =>
      difference(
        [
          await api.preferred("networking.istio.io", "VirtualService"),
          await api.preferred("", "ConfigMap"),
          await api.preferred("nobody.test", "VirtualService"),
        ],
        [virtualServices, { apiVersion: "v1", kind: "ConfigMap" }, undefined],
      ),
    );
    await kube.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }]);
    await judged(verdicts, "a namespace that appears later is written to", async () => {
      const stored = await api.apply(virtualService("reviews"));
      return difference([stored.kind, stored.metadata.namespace], ["VirtualService", "shop"]);
    });
    await judged(verdicts, "a field that the schema does not know is invalid (the API server says 500)", () =>
      refusedAs("invalid", ["spec.hostz", "field not declared in schema"], () =>
        api.apply(virtualService("reviews", { hostz: ["typo"] })),
      ),
    );
    await judged(
      verdicts,
      "a value of another type, and one that a rule of the definition refuses, are invalid",
      async () => {
        const type = await refusedAs("invalid", ["spec.hosts"], () =>
          api.apply(virtualService("reviews", { hosts: "no list" })),
        );
        if (type !== undefined) return type;
        return refusedAs("invalid", ["spec.http"], () =>
          api.apply(
            virtualService("reviews", { http: [{ timeout: "soon", route: [{ destination: { host: "a" } }] }] }),
          ),
        );
      },
    );
    await judged(verdicts, "a namespace that is missing in the object, or too much, is invalid", async () => {
      const { namespace: _, ...metadata } = configMap("a").metadata;
      return (
        (await refusedAs("invalid", ["a namespace is missing"], () => api.apply({ ...configMap("a"), metadata }))) ??
        (await refusedAs("invalid", ["of the whole cluster"], () =>
          api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a", namespace: "shop" } }),
        ))
      );
    });
    await kube.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "ending" } }]);
    await kube.apply([
      {
        ...(configMap("held", {}, "ending") as object),
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "held", namespace: "ending" },
      },
    ]);
    await kube.raw("DELETE", "/api/v1/namespaces/ending");
    await judged(verdicts, "a namespace that ends counts as missing", () =>
      refusedAs("not-found", ["being terminated"], () => api.apply(configMap("late", {}, "ending"))),
    );
    const powerless = await accountApi(
      server,
      "reader",
      [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
      {
        namespaces: ["shop"],
      },
    );
    await judged(verdicts, "a verb that is forbidden is said with who may not do what", async () => {
      const wrongs = [
        await refusedAs("forbidden", ["system:serviceaccount:default:reader", "cannot patch", "virtualservices"], () =>
          powerless.apply(virtualService("reviews")),
        ),
        await refusedAs("forbidden", ["cannot list", "configmaps"], () =>
          powerless.list({ apiVersion: "v1", kind: "ConfigMap" }),
        ),
        await refusedAs("forbidden", ["cannot watch"], () =>
          powerless.watch(
            { apiVersion: "v1", kind: "ConfigMap" },
            { from: "1", signal: AbortSignal.timeout(5000) },
            () => undefined,
          ),
        ),
        await refusedAs("forbidden", ["cannot delete"], () =>
          powerless.remove({ apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" }, { uid: "a" }),
        ),
      ];
      return wrongs.find((wrong) => wrong !== undefined);
    });
    await powerless.close();
    const nobody = clusterApi({ access: server.access("nobody-knows-this-token") });
    await judged(verdicts, "credentials that are not accepted are said, and not shown", async () => {
      const wrong = await refusedAs("forbidden", ["does not accept the credentials"], () =>
        nobody.list(virtualServices),
      );
      if (wrong !== undefined) return wrong;
      const words = await nobody
        .list(virtualServices)
        .then(String, (error: unknown) => JSON.stringify([String(error), error]));
      return words.includes("nobody-knows") ? `the token is in ${words}` : undefined;
    });
    await nobody.close();
    await judged(verdicts, "no refusal that stays was asked for twice", async () => difference(again, []));
  } finally {
    await api.close();
  }
};
