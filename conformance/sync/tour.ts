import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { gitServer } from "../rig/git-server.ts";
import { install } from "../rig/install.ts";
import type { Suite } from "../suite.ts";
import { built, repository } from "../xds/built.ts";
import { istioDefinitions, kubeconfig, objectsIn, served } from "./install/surroundings.ts";
import { lastingApiServer } from "./lasting-api-server.ts";
import { stepsOf } from "./tour/steps.ts";
import { walked } from "./tour/walk.ts";

/** The tour of README.md, walked in an empty folder with the package as it is published: every command says what is shown. */
export const tourConformance: Suite = async (verdicts) => {
  const steps = stepsOf(readFileSync(join(repository, "README.md"), "utf8"), "Five minutes");
  const tools = await install();
  const scratch = mkdtempSync(join(tmpdir(), "meshwright-tour-"));
  const folder = join(scratch, "shop");
  const repositories = join(scratch, "repositories");
  const policies = join(repositories, "shop.git");
  for (const made of [folder, repositories]) mkdirSync(made);
  execFileSync("git", ["init", "--quiet", "--bare", "-b", "main", policies]);
  // Whoever may push to a server of their own; here anybody may.
  execFileSync("git", ["-C", policies, "config", "http.receivepack", "true"]);
  const server = await lastingApiServer(tools);
  const source = await gitServer({ folder: repositories });
  try {
    await server.kube.apply(istioDefinitions(tools.istioCrds));
    await served({ server }, [
      "/apis/networking.istio.io/v1/virtualservices",
      "/apis/security.istio.io/v1/peerauthentications",
    ]);
    const root = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
    // What the tour shows runs in the cluster already, as a shop of one's own does.
    const manifests = steps.flatMap((step) =>
      step.kind === "file" && step.path.startsWith("manifests/") ? objectsIn(step.text) : [],
    );
    await server.kube.apply([root, ...manifests]);
    await walked(verdicts, steps, {
      folder,
      scratch,
      tarball: packed(scratch),
      environment: {
        ...ofReader(process.env),
        KUBECONFIG: await kubeconfig({ server, folder: scratch }),
        REPOSITORY: `${source.url}/shop.git`,
      },
    });
  } finally {
    await source.close();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Where `npm pack` put the package, whose only script of its own is the build. */
const packed = (folder: string): string => {
  built();
  const said = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: repository,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const name = /meshwright-[\w.-]+\.tgz/.exec(said)?.[0];
  if (name === undefined) throw new Error(`nothing was packed: ${said}`);
  return join(folder, name);
};

/** The environment of somebody in a shell: `npm run` adds to it what is this repository's. */
const ofReader = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(npm_(?!config_)|npm_config_local_prefix$|INIT_CWD$|NODE_|FORCE_COLOR$|GIT_)/.test(name),
    ),
  ),
  PATH: (environment["PATH"] ?? "")
    .split(delimiter)
    .filter((path) => !path.includes("node_modules"))
    .join(delimiter),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "reader",
  GIT_AUTHOR_EMAIL: "reader@example.invalid",
  GIT_COMMITTER_NAME: "reader",
  GIT_COMMITTER_EMAIL: "reader@example.invalid",
});
