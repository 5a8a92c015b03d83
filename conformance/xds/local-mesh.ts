import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile } from "../../compiler/pipeline.ts";
import type { LiveState } from "../../compiler/preview/page/live.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { localMesh } from "../../runtime/local/local-mesh.ts";
import { envoy as envoys } from "../../runtime/local/proxies/envoy.ts";
import { install } from "../rig/install.ts";
import { child, eventually, type Child } from "../rig/process.ts";
import type { Verdicts } from "../suite.ts";
import { built, repository } from "./built.ts";

const policies = join(repository, "policies");

/** `mesh-compile up` with real Envoys, as people run it: on loopback, without root. */
export const localMeshConformance = async (verdicts: Verdicts): Promise<void> => {
  const { envoy } = await install();
  for (const [name, held] of [
    ["up with Envoy: a canary moves, and nothing is left behind", canaryMoves],
    ["up with Envoy: what one refuses is said, and what was in force stays", refusalIsSaid],
  ] as const) {
    const scratch = mkdtempSync(join(tmpdir(), "meshwright-local-mesh-"));
    try {
      await held(envoy, scratch);
      verdicts.pass(name);
    } catch (error) {
      verdicts.fail(name, error instanceof Error ? error.message : String(error));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
};

const holds = (isSo: boolean, otherwise: () => string): void => {
  if (!isSo) throw new Error(otherwise());
};

const canaryMoves = async (envoy: string, scratch: string): Promise<void> => {
  const folder = join(scratch, "bookinfo");
  const temporary = join(scratch, "tmp");
  mkdirSync(temporary);
  for (const name of ["bookinfo", "services"]) cpSync(join(policies, name), join(scratch, name), { recursive: true });
  const local = join(folder, "mesh.local.yaml");
  writeFileSync(local, readFileSync(local, "utf8").replace(/gateways:[\s\S]*/, ""));
  const up = child(
    scratch,
    "up",
    [
      ...[process.execPath, built("mesh-compile"), "up", "--mesh", folder, "--page"],
      ...["--proxy", "envoy", "--envoy", envoy, "--ports", "26000"],
    ],
    {
      env: {
        TMPDIR: temporary,
        NO_COLOR: "1",
        PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
      },
    },
  );
  try {
    const [, port = ""] = await says(up, /is reached at http:\/\/127\.0\.0\.1:(\d+)/);
    const [, page = ""] = await says(up, /shown at (http:\/\/127\.0\.0\.1:\d+\/)/);
    const load = loaded(Number(port));
    await sleep(3000);
    const before = load.versions();
    holds(before["v1"]! > 0 && before["v3"]! > 0, () => `before the edit: ${JSON.stringify(before)}`);
    const state = await liveState(page, ({ edges }) => edges.some(({ split }) => split.length > 1));
    holds(state.silent.length === 0, () => `proxies that do not say what they count: ${state.silent.join(", ")}`);
    const reviews = join(folder, "bookinfo", "reviews.ts");
    writeFileSync(reviews, readFileSync(reviews, "utf8").replace("default: 50", "default: 100"));
    await says(up, /reviews: v3 50 % → 100 %[\s\S]*In force in all proxies/);
    // What was on its way then is answered by now.
    await sleep(500);
    load.versions();
    await sleep(2000);
    const after = load.versions();
    holds(Object.keys(after).join() === "v3", () => `after the edit: ${JSON.stringify(after)}`);
    const { requests, failed } = load.stop();
    holds(requests > 100 && failed.length === 0, () => `${failed.length} of ${requests} failed: ${failed[0]}`);
    holds(processesIn(scratch).length >= 14, () => `only ${processesIn(scratch).length} processes ran`);
    process.kill(up.pid, "SIGINT");
    const how = await eventually("up ends", () => up.ended());
    holds(how === "exit code 0", () => `up ended with ${how}`);
    await eventually("all that it started ends", () => (processesIn(scratch).length === 0 ? true : undefined));
    const left = readdirSync(temporary).filter((name) => name.startsWith("mesh"));
    holds(left.length === 0, () => `it left ${left.join(", ")}`);
  } finally {
    await up.stop();
  }
};

const refusalIsSaid = async (envoy: string, folder: string): Promise<void> => {
  const { value } = await compile(join(policies, "greeter"), { types: false });
  if (value === undefined) throw new Error("policies/greeter does not compile");
  const { mesh } = value;
  const nothingSaid = { workloads: {}, gateways: {} } as const;
  const local = await localMesh({
    folder,
    proxies: envoys(envoy),
    portsFrom: 27_000,
    spansOf: () => Promise.resolve(new Map()),
    told: { line: () => undefined, ended: () => undefined },
  });
  try {
    await local.taken({ mesh }, nothingSaid);
    const port = local.placement().instances["greeter/caller"]?.[0]?.loopback?.services["80"] ?? 0;
    const greeted = async (): Promise<void> => {
      const { status } = await answered(port, "/", "greeter");
      holds(status === 200, () => `a call was answered ${status}`);
    };
    await greeted();
    const said = await local.taken({ mesh: unreadable(mesh) }, nothingSaid).then(
      () => "nothing",
      (error: Error) => error.message,
    );
    holds(/^the proxy of greeter\/caller refuses its configuration: ./.test(said), () => `it said: ${said}`);
    await greeted();
    await local.taken({ mesh }, nothingSaid);
    await greeted();
  } finally {
    await local.stop();
  }
};

/** With routes that look for a header without a name: no law lets one through, and no Envoy takes it. */
const unreadable = (of: Mesh): Mesh => ({
  ...of,
  destinations: of.destinations.map((destination) => ({
    ...destination,
    ports: destination.ports.map((port) => ({
      ...port,
      routes: port.routes.map((route) => ({
        ...route,
        matches: [{ path: { kind: "any" }, headers: [{ kind: "present", name: "" }] }],
      })),
    })),
  })),
});

const says = (up: Child, words: RegExp): Promise<RegExpExecArray> =>
  eventually(`up says ${words.source}`, () => words.exec(readFileSync(up.log, "utf8")) ?? undefined, {
    needs: [up],
    timeoutMs: 90_000,
  });

const answered = (port: number, path: string, host: string, agent: Agent | false = false) =>
  new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    get({ port, host: "127.0.0.1", path, headers: { host }, agent }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    }).on("error", reject);
  });

/** Fifty requests a second, and which version of reviews had a part in each answer. */
const loaded = (port: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let requests = 0;
  let versions: Record<string, number> = {};
  const failed: string[] = [];
  const timer = setInterval(() => {
    requests += 1;
    answered(port, "/productpage", "bookinfo.example.com", agent).then(
      ({ status, body }) => {
        const version = /"version":"(v\d)"/.exec(body)?.[1];
        if (status !== 200 || version === undefined) failed.push(`${status} ${body}`);
        else versions[version] = (versions[version] ?? 0) + 1;
      },
      (error: Error) => failed.push(error.message),
    );
  }, 20);
  return {
    /** Since this was asked last. */
    versions: () => {
      const seen = versions;
      versions = {};
      return seen;
    },
    stop: () => {
      clearInterval(timer);
      agent.destroy();
      return { requests, failed: [...failed] };
    },
  };
};

const liveState = async (url: string, isWanted: (state: LiveState) => boolean): Promise<LiveState> => {
  const response = await fetch(`${url}events`, { signal: AbortSignal.timeout(20_000) });
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (text + chunk).split("\n\n");
    text = events.pop() ?? "";
    const found = events.map((event) => JSON.parse(event.slice("data: ".length)) as LiveState).find(isWanted);
    if (found !== undefined) return found;
  }
  throw new Error("the page's events ended");
};

/** Processes that were started with a path of the folder, or work there. */
const processesIn = (folder: string): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder) ||
          readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
        );
      } catch {
        // It is gone.
        return false;
      }
    });
