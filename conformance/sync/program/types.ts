import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { repository as project } from "../../xds/built.ts";
import { difference, judged } from "../../judged.ts";
import { inventory, type Ended, type Stage } from "./stage.ts";

const annotation = "meshwright.dev/types-checked";
const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { readonly version: string };
const [namespace, name] = inventory.split("/");

/** Types are checked once of each tree of policies, by each version. */
export const typesOfTrees = async (
  verdicts: Verdicts,
  { server, ran, repository, mesh, committed, git }: Stage,
): Promise<void> => {
  const once = (): Promise<Ended> =>
    ran(
      "run",
      ...["--inventory", inventory, "--repository", repository, "--path", "policies"],
      ...["--settle", "0ms", "--once", "--no-lease"],
    ).ended;
  const parent = async (): Promise<KubeObject> => (await server.kube.get("v1", "ConfigMap", namespace, name!))!;
  const said = async (): Promise<string | undefined> => (await parent()).metadata.annotations?.[annotation];
  const applied = async (manager: string, metadata: object): Promise<unknown> =>
    server.kube.raw(
      "PATCH",
      `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=${manager}&force=true`,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata } },
      "application/apply-patch+yaml",
    );
  const notedByUs = async (what: string): Promise<void> => {
    const { labels, annotations } = (await parent()).metadata;
    // Who applies says all that is its own, or gives it up.
    await applied("meshwright", { labels, annotations: { ...annotations, [annotation]: what } });
  };
  const notedBySomebody = (what?: string): Promise<unknown> =>
    applied("somebody", { annotations: what === undefined ? {} : { [annotation]: what } });
  const checked = (by: string): string => `mesh-sync/${by} ${git("rev-parse", "HEAD:policies").trim()}`;

  await judged(verdicts, "types that are right are noted with the tree that has them", async () => {
    const { code, output } = await once();
    return difference(code, 0)?.concat(output) ?? difference(await said(), checked(version));
  });
  await judged(verdicts, "a tree that this version has checked is not checked again", async () => {
    const file = join(mesh, "bookinfo/reviews.ts");
    const before = readFileSync(file, "utf8");
    appendFileSync(file, '\nexport const wrong: number = "no number";\n');
    committed();
    const seen: (number | null)[] = [(await once()).code];
    for (const noted of [
      () => notedBySomebody(checked(version)),
      () => notedByUs(checked(version)),
      () => notedByUs(checked("another")),
    ]) {
      await noted();
      seen.push((await once()).code);
    }
    writeFileSync(file, before);
    committed();
    const { code, output } = await once();
    return difference([...seen, code], [1, 1, 0, 1, 0])?.concat(output) ?? difference(await said(), checked(version));
  });
  await judged(
    verdicts,
    "where somebody else wrote the note, types are checked, and nothing is in its way",
    async () => {
      await notedBySomebody("theirs");
      const { code, output } = await once();
      const stayed = await said();
      await notedBySomebody();
      return difference(code, 0)?.concat(output) ?? difference(stayed, "theirs");
    },
  );
};
