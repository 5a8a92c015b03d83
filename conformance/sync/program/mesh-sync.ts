import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definition } from "../../../install/source/definition.ts";
import type { KubeObject } from "../../rig/kube.ts";
import { eventually } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { asWanted, said, until } from "./scene.ts";
import type { Running, Stage } from "./stage.ts";

const meshSync = { apiVersion: "meshwright.dev/v1alpha1", kind: "MeshSync" };
const namespace = "mesh-sync";
const path = `/apis/meshwright.dev/v1alpha1/namespaces/${namespace}/meshsyncs`;

/** The program as it is told by a MeshSync, with no other flag than its name. */
export const meshSyncs = async (verdicts: Verdicts, stage: Stage): Promise<void> => {
  const { server, held, ran, committed, repository, asked } = stage;
  const { kube } = server;
  await kube.delete([...(await held()).values()]);
  await kube.apply([definition]);
  await eventually("the definition is served", () => kube.raw("GET", path).then(() => true));
  committed();

  const name = "shop";
  const named = ["--name", `${namespace}/${name}`];
  const spec = {
    source: { url: repository, path: "policies" },
    types: false,
    // Longer than all of this: whatever happens does so because of an edit.
    interval: "1h",
    settle: "0ms",
  };
  const patched = (patch: unknown): Promise<unknown> =>
    kube.raw("PATCH", `${path}/${name}`, { spec: patch }, "application/merge-patch+json");
  const ready = async (): Promise<unknown> => {
    const found = await kube.get(meshSync.apiVersion, meshSync.kind, namespace, name);
    const { metadata, status } = (found ?? {}) as Partial<Shown>;
    const condition = status?.conditions.find(({ type }) => type === "Ready");
    return [condition?.status, condition?.reason, condition?.observedGeneration === metadata?.generation];
  };
  const becomes = (status: string, reason: string): Promise<string | undefined> =>
    until(async () => difference(await ready(), [status, reason, true]));
  const ended = async (running: Running): Promise<void> => {
    running.kill("SIGTERM");
    await running.ended;
  };

  await judged(
    verdicts,
    "without its MeshSync there is nothing to do, which is said, and ends what runs once",
    async () => {
      const all = await Promise.all([ran("run", "--once", "--no-lease", ...named).ended, ran("plan", ...named).ended]);
      return (
        difference(
          all.map(({ code }) => code),
          [1, 1],
        ) ??
        all.map(({ output }) => output).find((output) => !output.includes(`MeshSync ${namespace}/${name} is not there`))
      );
    },
  );
  const running = ran("run", ...named);
  try {
    await judged(verdicts, "a MeshSync that is made while it is waited for is carried out", async () => {
      const waited = await said(running, /"reason":"NoMeshSync"/);
      await kube.apply([{ ...meshSync, metadata: { namespace, name }, spec }]);
      return waited ?? (await becomes("True", "Succeeded")) ?? (await asWanted(stage));
    });
    await judged(verdicts, "an edit of its spec is acted on at once, under its generation", async () => {
      await patched({ source: { path: "nowhere" } });
      const gone = await becomes("False", "Gone");
      await patched({ source: { path: "policies" } });
      return gone ?? (await becomes("True", "Succeeded"));
    });
    await judged(verdicts, "a spec that nobody can use is a condition, and no end", async () => {
      const cases: readonly (readonly [string, unknown, unknown])[] = [
        ["InvalidSpec", { interval: "0ms" }, { interval: "1h" }],
        ["InvalidSpec", { istiod: ["http://:15014"] }, { istiod: null }],
        ["Invalid", { source: { branch: "a..b" } }, { source: { branch: "main" } }],
        ["Invalid", { source: { url: `${repository}?token=secret` } }, { source: { url: repository } }],
      ];
      for (const [reason, wrong, right] of cases) {
        await patched(wrong);
        const why =
          (await becomes("False", reason)) ?? (running.output().includes("secret") ? "it is repeated" : undefined);
        await patched(right);
        const again = why ?? (await becomes("True", "Succeeded"));
        if (again !== undefined) return `${JSON.stringify(wrong)}: ${again}\n${running.output()}`;
      }
      return undefined;
    });
    await judged(verdicts, "a MeshSync that is taken away leaves all as it is, and comes back to it", async () => {
      const before = await held();
      const object = await kube.get(meshSync.apiVersion, meshSync.kind, namespace, name);
      await kube.delete([object!]);
      const absent = await said(running, /"reason":"NoMeshSync"/, 2);
      const { annotations, labels } = object!.metadata;
      await kube.apply([
        { ...meshSync, metadata: { namespace, name, annotations: annotations!, labels: labels! }, spec },
      ]);
      return absent ?? (await becomes("True", "Succeeded")) ?? difference((await held()).size, before.size);
    });
  } finally {
    await ended(running);
  }
  await judged(verdicts, "flags go before it, and a plan is made by it", async () => {
    const elsewhere = await ran("run", "--once", "--no-lease", ...named, "--branch", "nowhere").ended;
    const plan = await ran("plan", ...named).ended;
    const local = await ran("plan", ...named, "--mesh", stage.mesh).ended;
    return (
      difference([elsewhere.code, plan.code, local.code], [1, 0, 0])?.concat(
        elsewhere.output,
        plan.output,
        local.output,
      ) ?? (elsewhere.output.includes('"reason":"Gone"') ? undefined : elsewhere.output)
    );
  });
  await judged(
    verdicts,
    "a token goes to the origin that it is for, and a MeshSync cannot have it sent elsewhere",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "meshwright-token-"));
      const token = join(folder, "token");
      writeFileSync(token, "t0ken", { mode: 0o600 });
      const sent = async (...more: readonly string[]) => {
        asked.length = 0;
        const { code, output } = await ran("run", "--once", "--no-lease", ...named, "--token-file", token, ...more)
          .ended;
        return { code, output, headers: [...new Set(asked.map(({ authorization }) => authorization !== undefined))] };
      };
      const home = await sent("--token-for", new URL(repository).origin);
      const elsewhere = await sent("--token-for", "https://git.invalid");
      const unsaid = await sent();
      rmSync(folder, { recursive: true });
      return (
        difference(
          [home, elsewhere, unsaid].map(({ code, headers }) => [code, headers]),
          [
            [0, [true]],
            [1, []],
            [1, []],
          ],
        )?.concat(home.output, elsewhere.output, unsaid.output) ??
        [elsewhere, unsaid]
          .map(({ output }) => output)
          .find((output) => !output.includes('"reason":"TokenNotForOrigin"'))
      );
    },
  );
};

interface Shown extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly generation?: number };
  readonly status?: {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly observedGeneration: number;
    }[];
  };
}
