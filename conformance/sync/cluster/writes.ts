import { ClusterError, refOf } from "../../../runtime/gitops/cluster/index.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { configMap, refusedAs, virtualService, virtualServices, type Surroundings } from "./surroundings.ts";

const many = 1200;

/** What is written is written once, as asked, and only where nobody else has a say. */
export const writes = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  const { kube } = server;
  const ref = refOf(virtualService("owned"));
  await judged(
    verdicts,
    "a field of another manager is a conflict that names both, and nothing is written",
    async () => {
      await kube.raw(
        "PATCH",
        "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/owned?fieldManager=argo%20%22rollouts%22",
        virtualService("owned"),
        "application/apply-patch+yaml",
      );
      const before = await api.get(ref);
      const error = await api
        .apply(virtualService("owned", { http: [{ route: [{ destination: { host: "ours" } }] }], gateways: ["mesh"] }))
        .catch((error: unknown) => error);
      if (!(error instanceof ClusterError)) return "it was applied";
      const after = await api.get(ref);
      return (
        difference(
          [error.kind, error.conflicts],
          ["conflict", [{ manager: 'argo "rollouts"', field: ".spec.http" }]],
        ) ??
        (error.message.includes('.spec.http (argo "rollouts")') ? undefined : error.message) ??
        difference(after?.metadata.resourceVersion, before?.metadata.resourceVersion)
      );
    },
  );
  await judged(verdicts, "fields of two managers with the same value are no conflict", async () => {
    const stored = await api.apply(virtualService("owned"));
    return difference(stored.metadata.managedFields?.map(({ manager }) => manager).sort(), [
      'argo "rollouts"',
      "meshwright",
    ]);
  });
  await judged(verdicts, "a dry run stores nothing: no object, no change, no end", async () => {
    await api.apply(virtualService("imagined"), { dryRun: true });
    const before = await api.get(ref);
    const told = await api.apply(virtualService("owned", { gateways: ["mesh"] }), { dryRun: true });
    await api.remove(ref, { uid: before?.metadata.uid ?? "", dryRun: true });
    return (
      difference(await api.get(refOf(virtualService("imagined"))), undefined) ??
      difference((told.spec as { readonly gateways?: unknown }).gateways, ["mesh"]) ??
      difference(await api.get(ref), before)
    );
  });
  await judged(verdicts, "an object is removed only as the one, and in the version, that was meant", async () => {
    const { metadata } = await api.apply(virtualService("owned"));
    const wrongs = [
      await refusedAs("conflict", ["UID"], () => api.remove(ref, { uid: "00000000-0000-0000-0000-000000000000" })),
      await refusedAs("conflict", ["ResourceVersion"], () =>
        api.remove(ref, { uid: metadata.uid, resourceVersion: "1" }),
      ),
      difference((await api.get(ref))?.metadata.uid, metadata.uid),
    ];
    await api.remove(ref, { uid: metadata.uid, resourceVersion: metadata.resourceVersion });
    wrongs.push(difference(await api.get(ref), undefined));
    await api.remove(ref, { uid: metadata.uid });
    return wrongs.find((wrong) => wrong !== undefined);
  });
  await judged(
    verdicts,
    "an object whose end a finalizer holds up counts as removed once it was asked to end",
    async () => {
      const held = configMap("held");
      const { metadata } = await api.apply({
        ...held,
        metadata: { ...held.metadata, finalizers: ["meshwright.test/held"] },
      });
      const asked = { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
      await api.remove(refOf(held), asked);
      // As after an answer that was lost: the object has another version by then.
      await api.remove(refOf(held), asked);
      const ending = (await api.get(refOf(held)))?.metadata.deletionTimestamp !== undefined;
      await api.apply({ ...held, metadata: { ...held.metadata, finalizers: [] } });
      return difference([ending, await api.get(refOf(held))], [true, undefined]);
    },
  );
  await judged(verdicts, "create and replace keep to the version that was read", async () => {
    const first = await api.create(configMap("read", { at: "1" }));
    const existing = await refusedAs("conflict", ["already exists"], () => api.create(configMap("read")));
    const second = await api.replace({ ...first, data: { at: "2" } });
    const stale = await refusedAs("conflict", ["has been modified"], () =>
      api.replace({ ...first, data: { at: "3" } }),
    );
    await api.remove(refOf(first), { uid: second.metadata.uid });
    return existing ?? stale ?? difference(second["data"], { at: "2" });
  });
  const wanted = Array.from({ length: many }, (_, index) => {
    const object = virtualService(`many-${index}`);
    return { ...object, metadata: { ...object.metadata, labels: { "meshwright.test/many": "yes" } } };
  });
  await judged(
    verdicts,
    `${many} objects are applied at one time, and listed in pages without one missing or double`,
    async () => {
      const start = performance.now();
      await Promise.all(wanted.map((object) => api.apply(object)));
      const applied = performance.now();
      const { items, resourceVersion } = await api.list(virtualServices, { labelSelector: "meshwright.test/many=yes" });
      verdicts.say(
        `${many} applied in ${Math.round(applied - start)} ms, listed in ${Math.round(performance.now() - applied)} ms`,
      );
      const names = items.map(({ metadata }) => metadata.name).sort();
      return (
        difference(names, wanted.map(({ metadata }) => metadata.name).sort()) ??
        difference([items.every(({ kind }) => kind === "VirtualService"), resourceVersion !== ""], [true, true])
      );
    },
  );
};
