import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { touched } from "./compared.ts";
import { asWanted, foreign } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** A commit becomes what the cluster holds, and nothing else does. */
export const passes = async (verdicts: Verdicts, stage: Stage): Promise<void> => {
  const { server, mesh, once, committed, held, wanted, front } = stage;
  const edited = (file: string, by: (text: string) => string): void =>
    writeFileSync(join(mesh, file), by(readFileSync(join(mesh, file), "utf8")));
  await server.kube.apply([foreign]);

  await judged(verdicts, "a first pass brings all objects, and touches none that is foreign", async () => {
    const { code, output } = await once();
    return difference(code, 0)?.concat(output) ?? (await asWanted(stage));
  });
  await judged(verdicts, "a pass with nothing to do writes nothing", async () => {
    front.meddle({});
    const before = await held();
    const { code, output } = await once();
    return (
      difference(code, 0)?.concat(output) ??
      difference(touched(before, await held()), []) ??
      difference(front.writes(), [])
    );
  });
  await judged(verdicts, "a commit that moves a canary changes what it is about", async () => {
    edited("bookinfo/reviews.ts", (text) => text.replace("v1: 100 - canary, v3: canary", "v1: 20, v3: 80"));
    committed();
    const before = await held();
    const { code, output } = await once();
    const names = touched(before, await held());
    return (
      difference(code, 0)?.concat(output) ??
      (await asWanted(stage)) ??
      (names.length > 0 && names.every((name) => name.includes("reviews"))
        ? undefined
        : `it touched ${names.join(", ")}`)
    );
  });
  await judged(
    verdicts,
    "a commit that does not compile leaves the last good one in force, and says the line",
    async () => {
      edited("bookinfo/reviews.ts", (text) => text.replace("v3: 80", "v3: 81"));
      committed();
      const before = await held();
      const { code, output } = await once();
      return (
        difference(code, 1) ??
        difference(touched(before, await held()), []) ??
        (/"stage":"Compiled".*bookinfo\/reviews\.ts:\d+:\d+/.test(output) ? undefined : output)
      );
    },
  );
  await judged(verdicts, "what a commit takes away goes, and what is foreign stays", async () => {
    edited("bookinfo/reviews.ts", (text) => text.replace("v3: 81", "v3: 80"));
    rmSync(join(mesh, "bookinfo/google-books.ts"));
    edited("bookinfo/details.ts", (text) => text.replace(/import books.*/, "").replace("uses: [books],", ""));
    committed();
    const { code, output } = await once();
    return difference(code, 0)?.concat(output) ?? (await asWanted(stage));
  });
  await judged(
    verdicts,
    "an object of a wanted name that is foreign is refused by name, and nothing is written",
    async () => {
      const reviews = (await held()).get("VirtualService bookinfo/reviews")!;
      await server.kube.delete([reviews]);
      await server.kube.apply([{ ...foreign, metadata: { name: "reviews", namespace: "bookinfo" } }]);
      const before = await held();
      const { code, output } = await once();
      const refused =
        difference(code, 1) ??
        difference(touched(before, await held()), []) ??
        (/"reason":"Foreign".*VirtualService bookinfo\/reviews exists.*managed by/.test(output) ? undefined : output);
      await server.kube.delete([(await held()).get("VirtualService bookinfo/reviews")!]);
      const again = await once();
      return refused ?? difference(again.code, 0)?.concat(again.output) ?? (await asWanted(stage));
    },
  );
  await judged(verdicts, "what somebody applied already as it is wanted is adopted, when that is said", async () => {
    const name = "VirtualService bookinfo/reviews";
    await server.kube.delete([(await held()).get(name)!]);
    await server.kube.apply([(await wanted()).get(name)! as unknown as KubeObject]);
    const refused = await once();
    const adopting = await once("--adopt");
    const before = await held();
    const { code, output } = await once();
    const why =
      difference([refused.code, adopting.code, code], [1, 0, 0])?.concat(adopting.output, output) ??
      (before.get(name)?.metadata.labels?.["applyset.kubernetes.io/part-of"] === undefined
        ? "it has no label of an inventory"
        : undefined) ??
      difference(touched(before, await held()), []);
    // Whoever applied it has a claim on it, for as long as it is this object.
    await server.kube.delete([(await held()).get(name)!]);
    const again = await once();
    return why ?? difference(again.code, 0)?.concat(again.output) ?? (await asWanted(stage));
  });
  await judged(verdicts, "a namespace that is not there blocks, and is not created", async () => {
    const istioSystem = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-ingress" } } as KubeObject;
    const before = await held();
    const mine = [...before.values()].filter(({ metadata }) => metadata.namespace === "istio-ingress");
    await server.kube.delete(mine);
    await server.kube.delete([istioSystem]);
    await finalized(stage, "istio-ingress");
    const { code, output } = await once();
    const isThere = (await server.kube.get("v1", "Namespace", undefined, "istio-ingress")) !== undefined;
    await server.kube.apply([istioSystem]);
    const again = await once();
    return (
      difference([code, isThere], [1, false]) ??
      (/"reason":"Blocked"/.test(output) ? undefined : output) ??
      difference(again.code, 0)?.concat(again.output) ??
      (await asWanted(stage))
    );
  });
};

/** Without a controller manager nobody ends a namespace. */
const finalized = async ({ server }: Stage, name: string): Promise<void> => {
  const found = await server.kube.get("v1", "Namespace", undefined, name);
  if (found === undefined) return;
  await server.kube.raw("PUT", `/api/v1/namespaces/${name}/finalize`, { ...found, spec: { finalizers: [] } });
};
