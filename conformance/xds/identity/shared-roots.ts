import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { child, eventually, type Child } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { built } from "../built.ts";
import { freePort } from "../../rig/free-port.ts";
import { requestedToken, type LoopbackApiServer } from "./api-server.ts";
import { difference, judged } from "../../judged.ts";

const example = join(import.meta.dirname, "..", "..", "..", "policies", "greeter");
const namespace = "mesh";
const secret = `${namespace}/roots`;
/** `serve` looks at the roots every 30 s. */
const noticedMs = 45_000;

/** `mesh-control serve --roots-secret` twice, as two pods of one account that may do no more than the documents ask for. */
export const sharedRoots = async (server: LoopbackApiServer, verdicts: Verdicts): Promise<void> => {
  const program = built();
  const folder = mkdtempSync(join(tmpdir(), "meshwright-shared-roots-"));
  const mesh = join(folder, "mesh");
  const running: Child[] = [];
  try {
    cpSync(example, mesh, { recursive: true });
    await server.kube.apply(account);
    const mounted = join(folder, "serviceaccount");
    mkdirSync(mounted);
    writeFileSync(join(mounted, "ca.crt"), server.authority);
    const audience = "https://kubernetes.default.svc";
    writeFileSync(join(mounted, "token"), await requestedToken(server.kube, namespace, "mesh-control", audience));

    /** Where every pod finds its account, in a mount namespace of its own. */
    const inPod = (...args: readonly string[]): readonly string[] => [
      ...["unshare", "--mount", "sh", "-ec"],
      `mount -t tmpfs none /var/run
      mkdir -p /var/run/secrets/kubernetes.io
      cp -r "$0" /var/run/secrets/kubernetes.io/serviceaccount
      exec "$@"`,
      mounted,
      ...[process.execPath, program, ...args, "--mesh", mesh, "--roots-secret", secret],
    ];
    const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(server.port) };
    const replica = async (name: string) => {
      const state = join(folder, name);
      const admin = await freePort();
      const argv = inPod(
        ...["serve", "--no-types", "--state", state, "--grace", "100ms", "--admin", `127.0.0.1:${admin}`],
        ...["--listen", "127.0.0.1:0", "--join", "127.0.0.1:0"],
      );
      const made = child(folder, name, argv, { env });
      running.push(made);
      const status = async (): Promise<string> => {
        const answer = await fetch(`http://127.0.0.1:${admin}/debug/status`);
        return ((await answer.json()) as { readonly roots: string }).roots;
      };
      await eventually(`${name} is ready`, status, { needs: [made] });
      return { state, status, roots: () => readFileSync(join(state, "roots.crt"), "utf8") };
    };
    const replicas = await Promise.all([replica("one"), replica("two")]);
    const held = async (): Promise<readonly string[]> =>
      Object.keys((await server.kube.get("v1", "Secret", namespace, "roots"))?.["data"] ?? {}).sort();
    const root = (step: string): Promise<string> =>
      promisify(execFile)("unshare", inPod("root", step, "--after", "0s").slice(1), {
        env: { ...process.env, ...env },
      }).then(({ stdout }) => stdout.trim());

    const seen: string[] = [];
    /** Both say the phase, and tell machines of the same roots: of other ones than before. */
    const followed = async (phase: string, count: number): Promise<string | undefined> => {
      await eventually(
        `both are ${phase}`,
        async () => {
          const phases = await Promise.all(replicas.map(({ status }) => status()));
          const bundles = new Set(replicas.map(({ roots }) => roots()));
          return phases.every((one) => one === phase) && bundles.size === 1 && !seen.includes([...bundles].join())
            ? true
            : undefined;
        },
        { needs: running, timeoutMs: noticedMs, everyMs: 250 },
      );
      seen.push(replicas[0].roots());
      return difference(seen.at(-1)?.match(/BEGIN CERTIFICATE/g)?.length, count);
    };

    await judged(verdicts, "shared roots: two mesh-controls that start together have one root", async () => {
      const wrong = await followed("steady", 1);
      return wrong ?? difference(await held(), ["ca.crt", "ca.key"]);
    });
    for (const { step, phase, count, files } of steps)
      await judged(verdicts, `shared roots: both follow \`mesh-control root ${step}\``, async () => {
        const said = await root(step);
        const wrong = difference(said, `the roots are ${phase}`) ?? (await followed(phase, count));
        return wrong ?? difference(await held(), files);
      });
    await judged(verdicts, "shared roots: neither keeps a key of its own", async () =>
      replicas.some(({ state }) => existsSync(join(state, "keys"))) ? "there is a folder of keys" : undefined,
    );
  } finally {
    await Promise.all(running.map((one) => one.stop(1000)));
    rmSync(folder, { recursive: true, force: true });
  }
};

const steps = [
  { step: "add", phase: "added", count: 2, files: ["ca.crt", "ca.key", "next.crt", "next.key", "rotation.json"] },
  { step: "switch", phase: "switched", count: 2, files: ["ca.crt", "ca.key", "old.crt", "rotation.json"] },
  { step: "retire", phase: "steady", count: 1, files: ["ca.crt", "ca.key", "rotation.json"] },
] as const;

/** What docs/envoy.md says that the pod's account needs. */
const account = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "mesh-control", namespace } },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "mesh-control", namespace },
    rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch"] }],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "mesh-control", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "mesh-control" },
    subjects: [{ kind: "ServiceAccount", name: "mesh-control", namespace }],
  },
];
