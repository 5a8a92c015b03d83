import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { asked } from "../../runtime/proxy/fixture.ts";
import { anyGatewayPort, below, leftovers, upped } from "./fixture.ts";

const timeout = 120_000;

const pageOf = async (says: Awaited<ReturnType<typeof upped>>["says"]) => {
  const [, port = ""] = await says(/is reached at http:\/\/127\.0\.0\.1:(\d+)/);
  return () => asked(Number(port), { path: "/productpage", host: "bookinfo.example.com" });
};

/** The process of a mesh whose command line says so. */
const processWith = (pids: readonly number[], words: string): number | undefined =>
  pids.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(words));

test.for([
  ["SIGINT", 1],
  ["SIGTERM", 2],
  ["SIGHUP", 6],
] as const)(
  "%s while %i processes of a mesh have started leaves nothing behind",
  { timeout },
  async ([signal, count]) => {
    const { child, ended, temporary } = await upped(anyGatewayPort);
    let all = below(child.pid!);
    for (; all.length < count; all = below(child.pid!)) await sleep(5);
    child.kill(signal);
    all = [...all, ...below(child.pid!)];
    expect(await ended).toBe(0);
    expect(await leftovers(all, temporary)).toEqual([]);
  },
);

test("a mesh whose terminal is closed ends", { timeout }, async () => {
  const { child, ended, says, temporary } = await upped(anyGatewayPort);
  await says(/Ctrl-C ends all of it/);
  const all = below(child.pid!);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  child.kill("SIGHUP");
  expect(await ended).toBe(0);
  expect(await leftovers(all, temporary)).toEqual([]);
});

test("a mesh that is killed leaves nothing behind", { timeout }, async () => {
  const { child, ended, says, temporary } = await upped(anyGatewayPort);
  await says(/Ctrl-C ends all of it/);
  const all = below(child.pid!);
  expect(all.length).toBeGreaterThanOrEqual(13);
  child.kill("SIGKILL");
  await ended;
  expect(await leftovers(all, temporary)).toEqual([]);
});

test("a proxy that dies is started again, and serves", { timeout }, async () => {
  const { child, says } = await upped(anyGatewayPort);
  const page = await pageOf(says);
  expect((await page()).status).toBe(200);
  const proxy = processWith(below(child.pid!), "bookinfo/productpage-v1/identity");
  process.kill(proxy!, "SIGKILL");
  await says(/the proxy of bookinfo\/productpage-v1 ended: SIGKILL; it is started again in 0\.5 s/);
  for (const until = Date.now() + 20_000; (await page()).status !== 200; await sleep(50))
    expect(Date.now()).toBeLessThan(until);
});

test(
  "a workload whose command fails is said and the rest runs; a better command takes its place",
  { timeout },
  async () => {
    const { folder, says } = await upped((mesh) => {
      anyGatewayPort(mesh);
      const local = join(mesh, "mesh.local.yaml");
      writeFileSync(
        local,
        readFileSync(local, "utf8").replace(
          "bookinfo/details-v1: { command: node ../services/bookinfo.mjs }",
          'bookinfo/details-v1: { command: "echo no such file >&2; exit 7" }',
        ),
      );
    });
    const page = await pageOf(says);
    await says(/\[bookinfo\/details-v1\] no such file/);
    await says(/bookinfo\/details-v1 ended: exit code 7; it is started again in 1 s/);
    expect(JSON.parse((await page()).body)).toMatchObject({
      reviews: { version: expect.stringMatching(/^v/) as string },
    });
    const local = join(folder, "mesh.local.yaml");
    writeFileSync(
      local,
      readFileSync(local, "utf8").replace(
        /bookinfo\/details-v1: .*/,
        'bookinfo/details-v1: { command: "cd ../services && node bookinfo.mjs" }',
      ),
    );
    await says(/In force in all proxies/);
    for (
      const until = Date.now() + 20_000;
      JSON.parse((await page()).body).details.error !== undefined;
      await sleep(50)
    )
      expect(Date.now()).toBeLessThan(until);
  },
);

test("a gateway's port that is taken is one plain line", { timeout }, async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen({ port: 0, host: "127.0.0.1" }, resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as { readonly port: number };
  const { ended, said, temporary } = await upped((mesh) => {
    const local = join(mesh, "mesh.local.yaml");
    writeFileSync(local, readFileSync(local, "utf8").replace("8080", String(port)));
  });
  expect(await ended).toBe(1);
  expect(said.text).toBe(
    `port ${port}, where istio-ingress/istio-ingress is to be reached, is taken by another process: end that one, or write another port for the gateway in mesh.local.yaml\n`,
  );
  expect(await leftovers([], temporary)).toEqual([]);
});

test("without an Envoy, how to get one is one plain line", async () => {
  const { ended, said } = await upped(anyGatewayPort, ["--envoy", "/nowhere/envoy"]);
  expect(await ended).toBe(1);
  expect(said.text).toBe("mesh-compile: --envoy /nowhere/envoy is no program\n");
});
