import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../../compiler/pipeline.ts";
import { emit } from "../../../targets/istio/emit/index.ts";
import { nameOf } from "../../../targets/istio/object.ts";
import { freePort } from "../../rig/free-port.ts";
import { gitServer } from "../../rig/git-server.ts";
import type { Tools } from "../../rig/install.ts";
import type { KubeObject } from "../../rig/kube.ts";
import { child, eventually, type Child } from "../../rig/process.ts";
import { rigRequirements } from "../../rig/requirements.ts";
import type { Verdicts } from "../../suite.ts";
import { built, repository } from "../../xds/built.ts";
import { judged } from "../../judged.ts";
import { wrong } from "../program/compared.ts";
import { container } from "./confined.ts";
import { entryPoint } from "./entry-point.ts";
import { kubeconfig, meshSyncs, release, rendered, rootNamespace, type Surroundings } from "./surroundings.ts";

const mesh = join(repository, "policies", "bookinfo");
const tokens = "/var/run/secrets";

/**
 * The published program as its pod runs it: the chart's own command line, environment and mounts, its restrictions, its service
 * account's token and roles; told by its MeshSync alone, with a Git server that wants the token and an istiod that it asks.
 */
export const pods = async (verdicts: Verdicts, surroundings: Surroundings, tools: Tools): Promise<void> => {
  const law = "as its pod runs it, it does a whole sync with the roles as they are shipped, and is ready";
  const missing = rigRequirements();
  if (missing !== undefined) return verdicts.skip(law, missing);
  const { server, folder } = surroundings;
  const { kube } = server;
  built("mesh-sync");
  const namespaces = ["bookinfo", "istio-ingress"];
  await kube.apply(namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })));
  const authorization = `Basic ${Buffer.from("x-access-token:t0ken").toString("base64")}`;
  const git = await gitServer({ folder: repositories(folder), authorization: () => authorization });
  const { istiod, url } = await istiodOnLoopback(surroundings, tools);
  const values = {
    meshSync: {
      spec: { source: { url: `${git.url}/mesh.git`, path: "policies" }, types: false, istiod: [url], interval: "1s" },
    },
    token: { secretName: "repository", for: [git.url] },
    istiodTokenFor: [url],
    adminPort: await freePort(),
  };
  try {
    await judged(verdicts, law, async () => {
      const objects = await rendered(surroundings, values);
      // One that an earlier release left says what that said.
      await kube.delete(objects.filter(({ kind }) => kind === "MeshSync"));
      await kube.apply(objects.filter(({ kind }) => kind === "MeshSync" || kind.includes("Role")));
      const [pod] = podsIn(objects);
      if (pod === undefined) return "there is no Deployment";
      const { argv, env } = container(folder, await commandOf(pod, surroundings), {
        mounts: await mountsOf(pod, surroundings),
      });
      const [file, ...args] = argv;
      const running = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
      let said = "";
      for (const stream of [running.stdout, running.stderr])
        stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const ended = new Promise((resolve) => running.once("close", resolve));
      try {
        await eventually(
          "it is ready",
          async () =>
            (await fetch(`http://127.0.0.1:${values.adminPort}/readyz`)).ok &&
            (await readyOf(surroundings)) === "True Succeeded"
              ? true
              : undefined,
          { timeoutMs: 120_000 },
        );
        const { value } = await compile(mesh, { types: false });
        const wanted = emit(value!.mesh);
        const held = new Map<string, KubeObject>();
        for (const { apiVersion, kind, metadata } of wanted) {
          const object = await kube.get(apiVersion, kind, metadata.namespace, metadata.name);
          if (object !== undefined) held.set(nameOf(object), object);
        }
        const marker = await kube.get(
          "networking.istio.io/v1alpha3",
          "EnvoyFilter",
          rootNamespace,
          `${release.namespace}-${release.name}-settled`,
        );
        return (
          (marker === undefined ? "there is no marker" : undefined) ??
          wrong(held, new Map(wanted.map((object) => [nameOf(object), object]))) ??
          (/forbidden|not written|not watched/i.test(said) ? said : undefined)
        );
      } catch (error) {
        return `${String(error)}\n${said}`;
      } finally {
        running.kill("SIGKILL");
        await ended;
      }
    });
  } finally {
    await istiod.stop();
    await git.close();
  }
};

interface PodSpec {
  readonly containers: readonly [
    {
      readonly args: readonly string[];
      readonly env: readonly {
        readonly name: string;
        readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } };
      }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    },
  ];
}

const podsIn = (objects: readonly KubeObject[]): readonly PodSpec[] =>
  objects
    .filter(({ kind }) => kind === "Deployment")
    .map(({ spec }) => (spec as { readonly template: { readonly spec: PodSpec } }).template.spec);

/** The image's entry point with the container's arguments; where the API server is every container is told (Kubernetes, "Services"). */
const commandOf = async ({ containers: [one] }: PodSpec, { server }: Surroundings): Promise<readonly string[]> => {
  const fields: Readonly<Record<string, string>> = {
    "metadata.namespace": release.namespace,
    "metadata.name": `${release.name}-0`,
  };
  const environment = Object.fromEntries(
    one.env.map(({ name, valueFrom }) => [name, fields[valueFrom.fieldRef.fieldPath] ?? ""]),
  );
  const { hostname, port } = new URL(server.url);
  const all = { ...environment, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  return [
    "/usr/bin/env",
    ...Object.entries(all).map(([name, value]) => `${name}=${value}`),
    ...entryPoint("/node", "/opt/meshwright/dist/cli/mesh-sync.js"),
    ...one.args.map((text) => text.replaceAll(/\$\((\w+)\)/g, (_, name: string) => environment[name] ?? "")),
  ];
};

const mountsOf = async (
  { containers: [one] }: PodSpec,
  { server, folder }: Surroundings,
): Promise<Readonly<Record<string, string>>> => {
  const ofAccount = async (audience: string): Promise<string> => {
    const answer = await server.kube.raw(
      "POST",
      `/api/v1/namespaces/${release.namespace}/serviceaccounts/${release.name}/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { audiences: [audience], expirationSeconds: 3600 },
      },
    );
    return (answer as { readonly status: { readonly token: string } }).status.token;
  };
  const files: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    [`${tokens}/kubernetes.io/serviceaccount`]: {
      token: await ofAccount("https://kubernetes.default.svc"),
      "ca.crt": server.authority,
      namespace: release.namespace,
    },
    [`${tokens}/istiod`]: { token: await ofAccount("istio-ca") },
    [`${tokens}/repository`]: { token: "t0ken" },
  };
  const mounted = Object.keys(files).filter(
    (path) => path.endsWith("/serviceaccount") || one.volumeMounts.some(({ mountPath }) => mountPath === path),
  );
  return Object.fromEntries(
    mounted.map((path) => {
      const own = mkdtempSync(join(folder, "mount-"));
      execFileSync("chmod", ["755", own]);
      for (const [name, text] of Object.entries(files[path]!)) writeFileSync(join(own, name), text);
      return [path, own];
    }),
  );
};

const readyOf = async ({ api }: Surroundings): Promise<string | undefined> => {
  const { status } = (await api.get({ ...meshSyncs, ...release })) ?? {};
  const conditions = (
    status as
      | { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[] }
      | undefined
  )?.conditions;
  const ready = conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? undefined : `${ready.status} ${ready.reason}`;
};

/** A folder with one bare repository, which holds the policies of one mesh. */
const repositories = (folder: string): string => {
  const tree = mkdtempSync(join(folder, "tree-"));
  const all = mkdtempSync(join(folder, "repositories-"));
  cpSync(mesh, join(tree, "policies"), { recursive: true });
  const git = (...args: readonly string[]): unknown =>
    execFileSync("git", ["-c", "user.name=rig", "-c", "user.email=rig@example.invalid", ...args], {
      cwd: tree,
      stdio: "pipe",
    });
  git("init", "--quiet", "-b", "main");
  git("add", "-A");
  git("commit", "--quiet", "-m", "policies");
  mkdirSync(all, { recursive: true });
  git("clone", "--quiet", "--bare", tree, join(all, "mesh.git"));
  return all;
};

/** Nobody is connected to it; it knows what the API server has all the same. */
const istiodOnLoopback = async (
  surroundings: Surroundings,
  { pilotDiscovery }: Tools,
): Promise<{ readonly istiod: Child; readonly url: string }> => {
  const [grpc, https, http, monitoring] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const meshFile = join(surroundings.folder, "mesh.yaml");
  writeFileSync(meshFile, `rootNamespace: ${rootNamespace}\ntrustDomain: cluster.local\n`);
  const istiod = child(
    surroundings.folder,
    "istiod",
    [
      ...[pilotDiscovery, "discovery", "--meshConfig", meshFile, "--kubeconfig", await kubeconfig(surroundings)],
      ...["--grpcAddr", `127.0.0.1:${grpc}`, "--secureGRPCAddr", "", "--httpsAddr", `127.0.0.1:${https}`],
      ...["--httpAddr", `127.0.0.1:${http}`, "--monitoringAddr", `127.0.0.1:${monitoring}`, "--shutdownDuration", "1s"],
    ],
    { env: { POD_NAMESPACE: rootNamespace, POD_NAME: "istiod-rig", VALIDATION_WEBHOOK_CONFIG_NAME: "" } },
  );
  await eventually(
    "istiod is ready",
    async () => ((await fetch(`http://127.0.0.1:${http}/ready`)).ok ? true : undefined),
    { needs: [istiod], timeoutMs: 60_000 },
  );
  return { istiod, url: `http://127.0.0.1:${monitoring}` };
};
