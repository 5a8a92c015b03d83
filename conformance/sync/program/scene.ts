import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../../rig/kube.ts";
import { difference } from "../../judged.ts";
import { touched, wrong } from "./compared.ts";
import type { Running, Stage } from "./stage.ts";

/** An object that nobody asked for in a commit. */
export const foreign: KubeObject = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "by-hand", namespace: "bookinfo" },
  spec: { hosts: ["by-hand.example.com"], http: [{ route: [{ destination: { host: "by-hand" } }] }] },
};
export const foreigners = new Set(["VirtualService bookinfo/by-hand"]);

/** Asks until nothing is wrong, or for a minute: then what is. */
export const until = async (
  what: () => Promise<string | undefined> | string | undefined,
): Promise<string | undefined> => {
  const end = performance.now() + 60_000;
  for (;;) {
    const why = await what();
    if (why === undefined || performance.now() > end) return why;
    await sleep(50);
  }
};

/** Waits until a run has said it so often. */
export const said = (running: Running, what: RegExp, times = 1): Promise<string | undefined> =>
  until(() =>
    (running.output().match(new RegExp(what, "g")) ?? []).length >= times
      ? undefined
      : `it did not say ${what.source}: ${running.output()}`,
  );

/** The cluster holds what the work tree asks for and what is foreign. */
export const asWanted = async ({ held, wanted }: Stage): Promise<string | undefined> =>
  wrong(await held(), await wanted(), foreigners);

/** As `asWanted`, and a pass more finds nothing to do. */
export const atRest = async (stage: Stage): Promise<string | undefined> => {
  const { held, once } = stage;
  const why = await asWanted(stage);
  if (why !== undefined) return why;
  const before = await held();
  const { code, output } = await once();
  return difference(code, 0)?.concat(output) ?? difference(touched(before, await held()), []);
};

/** Runs the program in its loop until the work is done; what is wrong, with what it said. */
export const looped = async (
  { started }: Stage,
  work: (running: Running) => Promise<string | undefined>,
): Promise<string | undefined> => {
  const running = started("--no-lease");
  try {
    const why = (await said(running, /"commit in force"/)) ?? (await work(running));
    return why === undefined ? undefined : `${why}\n${running.output()}`;
  } finally {
    running.kill("SIGTERM");
    await running.ended;
  }
};

const plurals: Readonly<Record<string, string>> = {
  VirtualService: "virtualservices",
  DestinationRule: "destinationrules",
  ServiceEntry: "serviceentries",
  Sidecar: "sidecars",
  AuthorizationPolicy: "authorizationpolicies",
};

export const pathOf = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `/apis/${apiVersion}/namespaces/${metadata.namespace}/${plurals[kind]}/${metadata.name}`;

/** Somebody else edits an object, as `kubectl edit` does. */
export const edited = (
  { server }: Stage,
  object: KubeObject,
  patch: unknown,
  manager = "kubectl-edit",
): Promise<unknown> =>
  server.kube.raw("PATCH", `${pathOf(object)}?fieldManager=${manager}`, patch, "application/merge-patch+json");

/** Somebody else applies an object, with force: `kubectl apply --server-side --force-conflicts`. */
export const takenOver = (
  { server }: Stage,
  { apiVersion, kind, metadata: { name, namespace } }: KubeObject,
  rest: Readonly<Record<string, unknown>>,
  manager = "kubectl",
): Promise<unknown> =>
  server.kube.raw(
    "PATCH",
    `${pathOf({ apiVersion, kind, metadata: { name, namespace: namespace! } })}?fieldManager=${manager}&force=true`,
    { apiVersion, kind, metadata: { name }, ...rest },
    "application/apply-patch+yaml",
  );

/** Commits one of two states, in turn unless it is said which: from the larger to the smaller objects are changed and deleted. */
export const turns = ({ mesh, committed, git }: Stage): ((to?: "larger" | "smaller") => string) => {
  const first = git("rev-list", "--max-parents=0", "HEAD");
  const files = ["reviews", "details", "google-books"].map((name) => `bookinfo/${name}.ts`);
  const lessened = (text: string): string =>
    text
      .replace(/import books.*/, "")
      .replace("uses: [books],", "")
      .replace("100 - canary, v3: canary", "20, v3: 80");
  let is: "larger" | "smaller" = "smaller";
  return (to = is === "larger" ? "smaller" : "larger") => {
    is = to;
    for (const file of files) {
      git("checkout", "--quiet", first, "--", `policies/${file}`);
      if (is === "larger") continue;
      if (file.endsWith("google-books.ts")) rmSync(join(mesh, file));
      else writeFileSync(join(mesh, file), lessened(readFileSync(join(mesh, file), "utf8")));
    }
    return committed();
  };
};
