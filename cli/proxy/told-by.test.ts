import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../conformance/rig/free-port.ts";
import { asked, backend } from "../../runtime/proxy/fixture.ts";

const root = join(import.meta.dirname, "../..");
const workloads = ["caller", "greeter-v1", "greeter-v2"] as const;
type Name = (typeof workloads)[number];

const eventually = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  for (const until = Date.now() + 60_000; !(await Promise.resolve(holds()).catch(() => false)); await sleep(20))
    if (Date.now() > until) throw new Error("it never came to hold");
};

const started = (program: "mesh-control" | "mesh-proxy", ...parameters: readonly string[]) =>
  startedIn(tmpdir(), program, ...parameters);

/** With its temporary files in that folder. */
const startedIn = (temporary: string, program: "mesh-control" | "mesh-proxy", ...parameters: readonly string[]) => {
  const child = spawn(process.execPath, [join(root, "cli", `${program}.ts`), ...parameters], {
    env: { ...process.env, TMPDIR: temporary },
  });
  const said = { text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, said, ended };
};

const ran = async (...parameters: Parameters<typeof started>) => {
  const { said, ended } = started(...parameters);
  return { code: await ended, text: said.text };
};

/** The example mesh at free ports of this machine, its control plane, and an identity for each of its workloads. */
const served = async () => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-told-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [mesh, state, temporary] = [join(folder, "mesh"), join(folder, "state"), join(folder, "tmp")];
  await mkdir(temporary);
  await cp(join(root, "policies/greeter"), mesh, { recursive: true });
  const [entry, proxy1, proxy2, xds, joins, admin] = await Promise.all(Array.from({ length: 6 }, freePort));
  const applications = await Promise.all(
    ["v1", "v2"].map((version) => backend((_, response) => response.end(version))),
  );
  const placed = (port: number): Promise<void> =>
    writeFile(
      join(mesh, "placement.yaml"),
      JSON.stringify({
        workloads: {
          "greeter/caller": [{ address: "127.0.0.1", loopback: { applications: {}, services: { 80: port } } }],
          ...Object.fromEntries(
            [proxy1, proxy2].map((port, index) => [
              `greeter/greeter-v${index + 1}`,
              [
                {
                  address: "127.0.0.1",
                  ports: { 8080: port },
                  loopback: { applications: { 8080: applications[index] }, services: {} },
                },
              ],
            ]),
          ),
        },
      }),
    );
  await placed(entry!);
  const where = ["--mesh", mesh, "--state", state];
  const control = async () => {
    const serving = started(
      "mesh-control",
      ...["serve", ...where, "--no-types", "--listen", `127.0.0.1:${xds}`],
      ...["--join", `127.0.0.1:${joins}`, "--admin", `127.0.0.1:${admin}`],
    );
    const over = serving.ended.then((code) => {
      throw new Error(`mesh-control ended with ${code}: ${serving.said.text}`);
    });
    await Promise.race([over, eventually(() => serving.said.text.includes('"serving"'))]);
    return serving;
  };
  const first = await control();
  await eventually(() => first.said.text.includes('"revision taken"'));
  const identityOf = (name: Name): string => join(folder, name);
  await Promise.all(
    workloads.map(async (name) => {
      const token = (await ran("mesh-control", "token", `greeter/${name}`, ...where)).text.trim();
      const given = ["--roots", join(state, "roots.crt"), "--server", `https://127.0.0.1:${joins}`, "--token", token];
      const joined = await ran("mesh-control", "join", `greeter/${name}`, ...given, "--out", identityOf(name));
      expect(joined).toMatchObject({ code: 0 });
    }),
  );
  const policy = join(mesh, "greeter/greeter.ts");
  return {
    folder,
    temporary,
    control,
    first,
    entry: entry!,
    identityOf,
    placed,
    edited: async (from: string, to: string) => writeFile(policy, (await readFile(policy, "utf8")).replace(from, to)),
    status: () => ran("mesh-control", "status", "--admin", `127.0.0.1:${admin}`),
    proxy: async (name: Name, ...parameters: readonly string[]) => {
      const own = await freePort();
      const running = startedIn(
        temporary,
        "mesh-proxy",
        ...["run", "--control", `127.0.0.1:${xds}`, "--identity", identityOf(name)],
        ...["--admin", `127.0.0.1:${own}`, "--access-log", "none", "--grace", "1s", ...parameters],
      );
      const got = (path: string) => asked(own, { path, host: "localhost" });
      return {
        ...running,
        got,
        ready: () => eventually(async () => (await got("/readyz")).status === 200),
        shown: async () => JSON.parse((await got("/status")).body) as readonly Shown[],
      };
    },
  };
};

interface Shown {
  readonly configuration?: string;
  readonly control: {
    readonly connected: boolean;
    readonly reason?: string;
    readonly refused?: { readonly reason: string };
    readonly counts: { readonly taken: number; readonly refused: number };
  };
}

const workersOf = async (pid: number): Promise<readonly number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter(Boolean).map(Number);

test(
  "an edited policy moves what proxies do, and what they do outlives the control plane and their own processes",
  { timeout: 300_000 },
  async () => {
    const { folder, control, first, entry, edited, proxy } = await served();
    const kept = join(folder, "kept.json");
    const caller = await proxy("caller", "--workers", "2", "--config", kept);
    const callees = await Promise.all([proxy("greeter-v1"), proxy("greeter-v2")]);
    await Promise.all([caller, ...callees].map((one) => one.ready()));
    const answers = async (): Promise<ReadonlySet<string>> => {
      const all = Array.from({ length: 20 }, () => asked(entry, { host: "greeter" }));
      return new Set((await Promise.all(all)).map(({ status, body }) => `${status} ${body}`));
    };
    const allAre = async (version: string): Promise<boolean> => [...(await answers())].join() === `200 ${version}`;
    await edited("v1: 90, v2: 10", "v1: 0, v2: 100");
    await eventually(() => allAre("v2"));
    expect((await caller.got("/metrics")).body).toMatch(
      /^meshwright_proxy_control_connected 1\n[^]*^meshwright_proxy_configurations_total\{result="taken"\} 2$/m,
    );
    // What a change does not concern is not told again.
    for (const one of callees) expect((await one.shown())[0]?.control.counts).toEqual({ taken: 1, refused: 0 });

    first.child.kill("SIGKILL");
    await first.ended;
    await eventually(async () => (await caller.shown()).every(({ control }) => !control.connected));
    expect((await caller.shown())[0]?.control.reason).toBeTruthy();
    expect(await allAre("v2")).toBe(true);
    const before = await workersOf(caller.child.pid!);
    process.kill(before[0]!, "SIGKILL");
    await eventually(async () => {
      const [now, shown] = [await workersOf(caller.child.pid!), await caller.shown()];
      return now.length === 2 && !now.includes(before[0]!) && shown.length === 2;
    });
    expect(new Set((await caller.shown()).map(({ configuration }) => configuration)).size).toBe(1);
    expect(await allAre("v2")).toBe(true);

    // Nobody is there to tell it anything.
    caller.child.kill("SIGTERM");
    expect(await caller.ended).toBe(0);
    const again = await proxy("caller", "--config", kept);
    await again.ready();
    expect(again.said.text).toContain('"configuration of before"');
    expect(await allAre("v2")).toBe(true);

    await control();
    await eventually(async () => (await again.shown())[0]?.control.connected === true);
    await edited("v1: 0, v2: 100", "v1: 100, v2: 0");
    await eventually(() => allAre("v1"));
    again.child.kill("SIGTERM");
    expect(await again.ended).toBe(0);
  },
);

test(
  "what a proxy cannot carry out is refused where people look, and what was in force stays, whole",
  { timeout: 300_000 },
  async () => {
    const { entry, placed, proxy, status, temporary } = await served();
    const caller = await proxy("caller", "--workers", "2");
    await caller.ready();
    // Nobody is behind it yet.
    expect((await asked(entry, { host: "greeter" })).status).toBe(503);
    const taken = createServer();
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { readonly port: number }).port)),
    );
    onTestFinished(() => void taken.close());
    await placed(port);
    await eventually(async () => (await status()).text.includes("greeter/caller/0 refuses its proxyConfig"));
    expect((await status()).text).toContain("EADDRINUSE");
    expect((await caller.shown())[0]?.control).toMatchObject({
      connected: true,
      refused: { reason: expect.stringContaining("EADDRINUSE") as string },
    });
    expect((await asked(entry, { host: "greeter" })).status).toBe(503);
    await placed(entry);
    await eventually(async () => (await status()).code === 0);
    expect((await caller.shown())[0]?.control.refused).toBeUndefined();
    expect((await asked(entry, { host: "greeter" })).status).toBe(503);
    // Where it was told nowhere to keep it, it keeps nothing.
    expect(await readdir(temporary)).toHaveLength(1);
    caller.child.kill("SIGTERM");
    expect(await caller.ended).toBe(0);
    expect(await readdir(temporary)).toEqual([]);
  },
);

test("who starts without what it needs is told so in one line", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-told-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "empty"));
  const control = ["--control", "127.0.0.1:1"];
  for (const [parameters, why] of [
    [[], "say where the configuration comes from: --control or --config"],
    [control, "--control needs --identity"],
    [[...control, "--identity", join(folder, "empty")], "holds no identity: join first"],
    [[...control, "--instance", "x"], "write a number from 0"],
  ] as const) {
    const { code, text } = await ran("mesh-proxy", "run", ...parameters);
    expect(code).not.toBe(0);
    expect(text).toContain(why);
    expect(text.trimEnd().split("\n").length, text).toBe(1);
  }
});
