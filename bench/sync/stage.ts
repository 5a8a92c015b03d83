import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { gitServer } from "../../conformance/rig/git-server.ts";
import { install, installKubectl } from "../../conformance/rig/install.ts";
import type { KubeObject } from "../../conformance/rig/kube.ts";
import { entryPoint } from "../../conformance/sync/install/entry-point.ts";
import { lastingApiServer } from "../../conformance/sync/lasting-api-server.ts";
import { kinds } from "../../conformance/sync/program/stage.ts";
import { clusterApi } from "../../runtime/gitops/cluster/index.ts";
import { applySet } from "../../runtime/gitops/inventory/index.ts";
import { labelled } from "../../runtime/gitops/record.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { ours } from "../compile/contestants.ts";
import { benchMesh } from "../compile/mesh.ts";
import { run, type Command } from "../compile/process-tree.ts";
import { kubeconfigIn } from "../../conformance/rig/kubeconfig.ts";

/** A mesh in a repository, what it compiles to in a folder, and an API server that has Istio's definitions and none of its objects. */
export interface SyncStage {
  /** What a pipeline runs without mesh-sync: compiled already, only applied. */
  readonly kubectl: (...options: readonly string[]) => Command;
  /** As published, with its types checked. */
  readonly build: Command;
  readonly sync: (...options: readonly string[]) => Command;
  /** The same as the image starts it. */
  readonly container: (...options: readonly string[]) => Command;
  /** A dry run of every object and then a write of each, in this process, by mesh-sync's own client: all else is known before. */
  readonly requestsAlone: () => Promise<void>;
  readonly all: () => Promise<readonly KubeObject[]>;
  /** An object as it is stored. */
  readonly found: (object: KubeObject) => Promise<KubeObject | undefined>;
  /** As `kubectl edit` by somebody else. */
  readonly edited: (object: KubeObject, patch: unknown) => Promise<void>;
  /** Nothing of the mesh or of an inventory is left. */
  readonly emptied: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const services = 200;
const inventory = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "bench", namespace: "mesh-sync" } };
const tooling = { name: "mesh-sync", version: "0" };

export const syncStage = async (scratch: string): Promise<SyncStage> => {
  const [contestant] = ours();
  if (contestant === undefined) throw new Error("nothing was built");
  const tree = join(scratch, "tree");
  const mesh = benchMesh(services);
  for (const [file, text] of Object.entries({ ...contestant.sources(mesh), ".gitignore": "/node_modules\n/out\n" })) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  for (const [path, target] of Object.entries(contestant.links)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    symlinkSync(target, join(tree, path));
  }
  await run(contestant.preparation(tree), false);
  const [build] = contestant.commands(tree);
  if (build === undefined) throw new Error("nothing builds the mesh");
  await run([build], false);

  const repositories = join(scratch, "repositories");
  execFileSync("git", ["init", "--quiet", "--bare", "-b", "main", join(repositories, "policies.git")]);
  const git = (...args: readonly string[]): unknown =>
    execFileSync("git", ["-C", tree, "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", ...args]);
  git("init", "--quiet", "-b", "main");
  git("add", "-A");
  git("commit", "--quiet", "-m", "policies");
  git("push", "--quiet", join(repositories, "policies.git"), "HEAD:main");

  const [tools, kubectl] = [await install(), await installKubectl()];
  const server = await lastingApiServer(tools);
  const source = await gitServer({ folder: repositories });
  const { kube } = server;
  await kube.apply(JSON.parse(readFileSync(tools.istioCrds, "utf8")) as readonly KubeObject[]);
  await kube.apply(
    [...new Set(["istio-system", "mesh-sync", ...mesh.map(({ namespace }) => namespace)])].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    })),
  );
  const all = async (): Promise<readonly KubeObject[]> =>
    (await Promise.all(kinds.map(([apiVersion, kind]) => kube.list(apiVersion, kind)))).flat();
  // Definitions are served a moment after they are stored.
  for (let attempt = 0; ; attempt += 1) {
    try {
      await all();
      break;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
  const { authority, token, url } = server;
  const kubeconfig = kubeconfigIn(scratch, { url, authority, user: { token } });
  const program = join(import.meta.dirname, "../../dist/cli/mesh-sync.js");
  const running = [
    ...["run", "--kubeconfig", kubeconfig],
    ...["--repository", `${source.url}/policies.git`, "--inventory", "mesh-sync/bench", "--no-lease"],
    // kubectl waits for nothing either.
    ...["--settle", "0ms"],
  ];
  const out = join(tree, contestant.output);
  const wanted = readdirSync(out, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => parseAllDocuments(readFileSync(join(out, name), "utf8")))
    .map((document) => document.toJS() as KubernetesObject);
  return {
    requestsAlone: async () => {
      const api = clusterApi({ access: server.access() });
      try {
        const { labels } = applySet({ api, parent: { ...inventory, ...inventory.metadata }, tooling });
        const all = wanted.map((object) => labelled(object, labels));
        for (const dryRun of [true, false])
          await Promise.all(all.map((object) => api.apply(object, { dryRun, metadataOnly: dryRun })));
      } finally {
        await api.close();
      }
    },
    build,
    kubectl: (...options) => ({
      cwd: tree,
      argv: [
        ...([kubectl, "apply", "--server-side", "--recursive", "-f", join(tree, contestant.output)] as const),
        ...["--kubeconfig", kubeconfig, "--cache-dir", join(scratch, "kubectl"), ...options],
      ],
    }),
    sync: (...options) => ({ cwd: scratch, argv: [process.execPath, program, ...running, ...options] }),
    container: (...options) => ({
      cwd: scratch,
      argv: [...entryPoint(process.execPath, program), ...running, ...options],
    }),
    all,
    found: ({ apiVersion, kind, metadata }) => kube.get(apiVersion, kind, metadata.namespace, metadata.name),
    edited: async ({ apiVersion, metadata: { name, namespace } }, patch) =>
      void (await kube.raw(
        "PATCH",
        `/apis/${apiVersion}/namespaces/${namespace}/virtualservices/${name}?fieldManager=kubectl-edit`,
        patch,
        "application/merge-patch+json",
      )),
    emptied: async () => {
      await kube.delete([...(await all()), inventory]);
    },
    stop: async () => {
      await source.close();
      await server.stop();
    },
  };
};
