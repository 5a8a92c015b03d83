import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { compile } from "../../../compiler/pipeline.ts";
import { emit } from "../../../targets/istio/emit/index.ts";
import { nameOf, type KubernetesObject } from "../../../targets/istio/object.ts";
import { gitServer, type GitServer } from "../../rig/git-server.ts";
import type { Tools } from "../../rig/install.ts";
import type { KubeObject } from "../../rig/kube.ts";
import { lastingApiServer, type LastingApiServer } from "../lasting-api-server.ts";
import { frontOf, type Front } from "./front.ts";
import { kubeconfigIn } from "../../rig/kubeconfig.ts";

const bookinfo = join(import.meta.dirname, "..", "..", "..", "policies", "bookinfo");

/** How a run of the program ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** A repository with policies, a cluster, what stands between it and the program, and the program itself. */
export interface Stage {
  readonly server: LastingApiServer;
  readonly front: Front;
  /** The policies as they lie in the work tree. */
  readonly mesh: string;
  /** Everything in the work tree as a new commit; its id. */
  readonly committed: () => string;
  readonly git: (...args: readonly string[]) => string;
  /** Where the program finds the repository, as `--repository` says it. */
  readonly repository: string;
  /** What was asked of the Git server, with the credentials that came along. */
  readonly asked: GitServer["requests"];
  /** `mesh-sync` against the cluster, by these arguments alone. */
  readonly ran: (command: "run" | "plan", ...options: readonly string[]) => Running;
  /** `mesh-sync run` against it. */
  readonly started: (...options: readonly string[]) => Running;
  /** `mesh-sync run --once`, to its end. */
  readonly once: (...options: readonly string[]) => Promise<Ended>;
  /** What the work tree asks for, by name. */
  readonly wanted: () => Promise<ReadonlyMap<string, KubernetesObject>>;
  /** Every Istio object in the cluster, by name. */
  readonly held: () => Promise<ReadonlyMap<string, KubeObject>>;
  readonly stop: () => Promise<void>;
}

export const kinds = [
  ["networking.istio.io/v1", "VirtualService"],
  ["networking.istio.io/v1", "DestinationRule"],
  ["networking.istio.io/v1", "Gateway"],
  ["networking.istio.io/v1", "ServiceEntry"],
  ["networking.istio.io/v1", "Sidecar"],
  ["security.istio.io/v1", "PeerAuthentication"],
  ["security.istio.io/v1", "AuthorizationPolicy"],
] as const;

export const inventory = "mesh-sync/bookinfo";

export const stage = async (tools: Tools, program: string): Promise<Stage> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-sync-stage-"));
  const server = await lastingApiServer(tools);
  const front = await frontOf(server);
  const repositories = join(folder, "repositories");
  const tree = join(folder, "tree");
  mkdirSync(repositories);
  cpSync(bookinfo, join(tree, "policies"), { recursive: true });
  const git = (...args: readonly string[]): string =>
    execFileSync(
      "git",
      [
        "-C",
        tree,
        "-c",
        "user.name=rig",
        "-c",
        "user.email=rig@example.invalid",
        "-c",
        "init.defaultBranch=main",
        ...args,
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    ).trim();
  git("init", "--quiet");
  execFileSync("git", ["init", "--quiet", "--bare", "-b", "main", join(repositories, "policies.git")]);
  git("remote", "add", "origin", join(repositories, "policies.git"));
  const committed = (): string => {
    git("add", "-A");
    git("commit", "--quiet", "--allow-empty", "-m", "policies");
    git("push", "--quiet", "--force", "origin", "HEAD:main");
    return git("rev-parse", "HEAD");
  };
  committed();
  const source = await gitServer({ folder: repositories });

  const definitions = JSON.parse(readFileSync(tools.istioCrds, "utf8")) as readonly KubeObject[];
  await server.kube.apply(definitions);
  const namespaces = ["bookinfo", "istio-ingress", "istio-system", "mesh-sync"];
  await server.kube.apply(namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })));

  // Definitions are served a moment after they are stored.
  for (let attempt = 0; ; attempt += 1) {
    const lists = kinds.map(([apiVersion, kind]) => server.kube.list(apiVersion, kind));
    if ((await Promise.allSettled(lists)).every(({ status }) => status === "fulfilled")) break;
    if (attempt === 100) throw new Error("the API server does not serve Istio's kinds");
    await sleep(100);
  }

  const { authority, token } = server;
  const kubeconfig = kubeconfigIn(folder, { url: front.url, authority, user: { token } });
  const mesh = join(tree, "policies");
  const repository = `${source.url}/policies.git`;
  const ran: Stage["ran"] = (command, ...options) => {
    const child = spawn(process.execPath, [program, command, "--kubeconfig", kubeconfig, ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, output: said })));
    return { ended, output: () => said, kill: (signal) => void child.kill(signal) };
  };
  const started: Stage["started"] = (...options) =>
    ran(
      "run",
      ...["--inventory", inventory, "--repository", repository, "--path", "policies"],
      ...["--settle", "0ms", "--interval", "1s", "--no-types", ...options],
    );
  return {
    server,
    front,
    repository,
    asked: source.requests,
    ran,
    mesh,
    committed,
    git,
    started,
    once: (...options) => started("--once", "--no-lease", ...options).ended,
    wanted: async () => {
      const { value, diagnostics } = await compile(mesh, { types: false });
      if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
      return new Map(emit(value.mesh).map((object) => [nameOf(object), object]));
    },
    held: async () => {
      const lists = await Promise.all(kinds.map(([apiVersion, kind]) => server.kube.list(apiVersion, kind)));
      return new Map(
        lists.flat().map((object) => [`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`, object]),
      );
    },
    stop: async () => {
      await source.close();
      await front.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
