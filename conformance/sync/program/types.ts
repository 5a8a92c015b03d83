import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { repository as project } from "../../xds/built.ts";
import { difference, judged } from "../../xds/identity/verdict.ts";
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
  /** As that manager would have noted it. */
  const noted = async (manager: string, what: string): Promise<void> => {
    const { metadata, ...rest } = await parent();
    const { labels, annotations: { [annotation]: _, ...annotations } = {} } = metadata;
    await server.kube.raw(
      "PATCH",
      `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=${manager}&force=true`,
      { ...rest, metadata: { name, labels, annotations: { ...annotations, [annotation]: what } } },
      "application/apply-patch+yaml",
    );
  };
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
    for (const [manager, by] of [
      ["somebody", version],
      ["meshwright", version],
      ["meshwright", "another"],
    ] as const) {
      await noted(manager, checked(by));
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
      await noted("somebody", "theirs");
      const { code, output } = await once();
      return difference(code, 0)?.concat(output) ?? difference(await said(), "theirs");
    },
  );
};
