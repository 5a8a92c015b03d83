import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../conformance/rig/free-port.ts";
import { asked, backend, cluster, config, outbound, route, wholeHost } from "../runtime/proxy/fixture.ts";
import type { ProxyConfig } from "../targets/native/config.ts";

const eventually = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  const until = Date.now() + 20_000;
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() > until) throw new Error("it never came to hold");
    await sleep(20);
  }
};

/** A proxy as people run it. */
const started = async (first: ProxyConfig, ...parameters: readonly string[]) => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-proxy-"));
  const file = join(folder, "config.json");
  const written = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  await written(JSON.stringify(first));
  const admin = await freePort();
  const child: ChildProcess = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "mesh-proxy.ts"),
      "run",
      "--config",
      file,
      "--admin",
      `127.0.0.1:${admin}`,
      "--grace",
      "2s",
      ...parameters,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const said = { text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const got = async (path: string) => asked(admin, { path, host: "localhost" });
  return {
    child,
    said,
    ended,
    written,
    got,
    ready: () => eventually(async () => (await got("/readyz")).status === 200),
  };
};

/** Those that are their own program by now: who stops one before holds up whoever made it. */
const workersOf = async ({ pid }: ChildProcess): Promise<readonly number[]> => {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter(Boolean);
  const told = await Promise.all(children.map((child) => readFile(`/proc/${child}/environ`, "latin1")));
  return children.flatMap((child, index) => (told[index]!.includes("NODE_UNIQUE_ID=") ? [Number(child)] : []));
};
const named = (name: string) => backend((_, response) => response.end(name));
const statusOf = async (got: (path: string) => Promise<{ readonly body: string }>) =>
  JSON.parse((await got("/status")).body) as readonly {
    readonly configuration?: string;
    readonly refused?: { readonly reason: string };
    readonly lostLogLines: number;
  }[];

test("a proxy serves, counts, goes over to what its file says, and ends in order", async () => {
  const port = await freePort();
  const clusters = { a: cluster(await named("a")), b: cluster(await named("b")) };
  const to = (name: string): ProxyConfig => config([outbound(port, wholeHost(route(name)))], clusters);
  const { child, ended, written, got, ready, said } = await started(to("a"), "--access-log", "stdout");
  await ready();
  expect((await asked(port, { path: "/x?y" })).body).toBe("a");
  await written(JSON.stringify(to("b")));
  await eventually(async () => (await asked(port)).body === "b");
  const metrics = (await got("/metrics")).body;
  expect(metrics).toMatch(
    /^istio_requests_total\{reporter="source",source_workload="client",source_workload_namespace="shop",.*response_code="200".*\} [1-9]/m,
  );
  expect(metrics).toMatch(/^istio_request_duration_milliseconds_bucket\{.*le="\+Inf"\} [1-9]/m);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(said.text).toMatch(/"method":"GET","path":"\/x\?y","authority":"server".*"response_code":200/);
});

test("what is no configuration is refused whole, and what was in force stays", async () => {
  const port = await freePort();
  const good = config([outbound(port, wholeHost(route("a")))], { a: cluster(await named("a")) });
  const { written, got, ready } = await started(good, "--access-log", "none");
  await ready();
  for (const [text, why] of [
    ["{", /no JSON/],
    [JSON.stringify({ ...good, version: 2 }), /version 2/],
    [JSON.stringify({ ...good, listeners: [{ ...good.listeners[0], surprise: 1 }] }), /surprise/],
    [JSON.stringify({ ...good, listeners: [...good.listeners, ...good.listeners] }), /this address and port/],
  ] as const) {
    await written(text);
    await eventually(async () => why.test((await statusOf(got))[0]?.refused?.reason ?? ""));
    expect((await asked(port)).body).toBe("a");
  }
  await written(JSON.stringify(good));
  await eventually(async () => (await statusOf(got))[0]?.refused === undefined);
});

test("a proxy without a configuration says why it does not start", async () => {
  const { ended, said } = await started({ ...config([]), version: 3 as unknown as 1 });
  expect(await ended).not.toBe(0);
  expect(said.text).toBe("mesh-proxy: the configuration is of version 3, and this proxy knows 1\n");
});

test("a proxy whose admin port is taken says so and ends, with all of its workers", async () => {
  for (const workers of ["1", "2"]) {
    const port = await freePort();
    const taken = await named("another");
    const good = config([outbound(port, wholeHost(route("a")))], { a: cluster(await named("a")) });
    const { ended, said } = await started(good, "--admin", `127.0.0.1:${taken}`, "--workers", workers);
    expect(await ended).not.toBe(0);
    expect(said.text).toContain("EADDRINUSE");
    await expect(asked(port)).rejects.toThrow("ECONNREFUSED");
  }
});

test("several workers share the ports; one that dies takes nothing with it that may be asked again, and is replaced", async () => {
  const port = await freePort();
  const good = config([outbound(port, wholeHost(route("a")))], { a: cluster(await named("a")) });
  const { child, ended, got, ready, said } = await started(good, "--access-log", "none", "--workers", "2");
  await ready();
  const workers = () => workersOf(child);
  const [first] = await workers();
  process.kill(first!, "SIGKILL");
  // Nobody is connected to it: whoever comes now finds the other, or the next one.
  for (let time = 0; time < 50; time += 1) {
    const agent = new Agent();
    expect((await asked(port, { agent })).body).toBe("a");
    agent.destroy();
  }
  await eventually(() => said.text.includes('"worker ended"'));
  await eventually(async () => (await workers()).length === 2);
  const total = [...(await got("/metrics")).body.matchAll(/^istio_requests_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  expect(total).toBeGreaterThan(0);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

test("workers go over from one address to all of them with the same port, and back, as often as they are told", async () => {
  const port = await freePort();
  const at = (address: string): string =>
    JSON.stringify(
      config([{ ...outbound(port, wholeHost(route(address))), address }], { [address]: cluster(backends[address]!) }),
    );
  const backends: Readonly<Record<string, number>> = {
    "127.0.0.1": await named("127.0.0.1"),
    "0.0.0.0": await named("0.0.0.0"),
  };
  const { written, got, ready, said } = await started(JSON.parse(at("127.0.0.1")) as ProxyConfig, "--workers", "2");
  await ready();
  for (const address of ["0.0.0.0", "127.0.0.1", "0.0.0.0", "127.0.0.1"]) {
    await written(at(address));
    const digest = createHash("sha256").update(at(address)).digest("hex");
    await eventually(async () => (await statusOf(got)).every(({ configuration }) => configuration === digest));
    for (let time = 0; time < 10; time += 1) expect((await asked(port)).body).toBe(address);
  }
  expect(said.text).not.toMatch(/"configuration refused"|"worker ended"/);
});

test("a worker that dies before the others are ready is replaced, and nobody waits for it at the end", async () => {
  const port = await freePort();
  const good = config([outbound(port, wholeHost(route("a")))], { a: cluster(await named("a")) });
  const { child, ended, got, ready, said } = await started(good, "--access-log", "none", "--workers", "2");
  await eventually(async () => (await workersOf(child)).length === 2);
  const [first, second] = await workersOf(child);
  process.kill(second!, "SIGSTOP");
  // Who is stopped does not see that its first process is gone.
  onTestFinished(() => {
    if (child.exitCode === null) process.kill(second!, "SIGCONT");
  });
  await eventually(() => said.text.includes('"configuration taken"'));
  // That it is ready is told right after.
  await sleep(300);
  process.kill(first!, "SIGKILL");
  await eventually(() => said.text.includes('"worker ended"'));
  process.kill(second!, "SIGCONT");
  await ready();
  await eventually(async () => (await statusOf(got)).length === 2);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

test("a full disk under the access log loses lines and no requests", async () => {
  const port = await freePort();
  const good = config([outbound(port, wholeHost(route("a")))], { a: cluster(await named("a")) });
  const { got, ready } = await started(good, "--access-log", "/dev/full");
  await ready();
  for (let time = 0; time < 20; time += 1) expect((await asked(port)).status).toBe(200);
  await eventually(async () => ((await statusOf(got))[0]?.lostLogLines ?? 0) >= 20);
});
