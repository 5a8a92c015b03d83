import { createServer, type Server } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Instance } from "../../lib/graph/placement.ts";
import type { MeshWorkload } from "../../lib/model/mesh.ts";
import { applications } from "./applications.ts";
import { freePorts } from "./free-ports.ts";
import { processes } from "./processes.ts";

const workload: MeshWorkload = {
  id: "shop/server",
  namespace: "shop",
  name: "server",
  labels: {},
  identity: "spiffe://cluster.local/ns/shop/sa/server",
  proxy: "sidecar",
  excludedPorts: { inbound: [], outbound: [] },
  ports: [],
};

const echoes = { workloads: {}, gateways: {} } as const;

const ports = freePorts(21_000);

const instance = (
  applicationPorts: Readonly<Record<number, number>>,
  services: Readonly<Record<string, number>> = {},
): Instance => ({ address: "127.0.0.1", loopback: { applications: applicationPorts, services } });

const playing = () => {
  const lines: string[] = [];
  const children = processes({ began: () => undefined, ended: () => undefined });
  const made = applications({
    folder: import.meta.dirname,
    children,
    told: () => ({ line: (text) => lines.push(text), ended: (how) => lines.push(how) }),
  });
  onTestFinished(async () => {
    await made.only(new Set());
    await children.stop();
  });
  return { ...made, lines };
};

const listening = async (port: number): Promise<Server> => {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  return server;
};

const answers = async (port: number): Promise<string | undefined> => {
  const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
  return ((await response?.json()) as { readonly workload: string } | undefined)?.workload;
};

test("an echo answers on the ports that its workload has, and on no others", async () => {
  const { played } = playing();
  const [first, second] = [await ports.of("one"), await ports.of("two")];
  await played(workload, instance({ 80: first }), echoes);
  expect(await answers(first)).toBe("shop/server");
  await played(workload, instance({ 80: first, 81: second }), echoes);
  expect([await answers(first), await answers(second)]).toEqual(["shop/server", "shop/server"]);
  await played(workload, instance({ 81: second }), echoes);
  expect([await answers(first), await answers(second)]).toEqual([undefined, "shop/server"]);
});

test("a command is told the ports as they are: where it listens, and where it calls others", async () => {
  const { played, lines } = playing();
  const local = { ...echoes, workloads: { "shop/server": { command: "echo $PORT $MESH_80 $MESH_81; sleep 60" } } };
  await played(workload, instance({ 80: 1 }, { 80: 2 }), local);
  await vi.waitFor(() => expect(lines).toEqual(["1 http://127.0.0.1:2"]), { timeout: 60_000 });
  await played(workload, instance({ 80: 1 }, { 80: 2 }), local);
  await played(workload, instance({ 80: 3 }, { 80: 2 }), local);
  await vi.waitFor(() => expect(lines.slice(1)).toEqual(["3 http://127.0.0.1:2"]), { timeout: 60_000 });
  await played(workload, instance({ 80: 3 }, { 80: 2, 81: 4 }), local);
  await vi.waitFor(() => expect(lines.slice(2)).toEqual(["3 http://127.0.0.1:2 http://127.0.0.1:4"]), {
    timeout: 60_000,
  });
});

test("an echo that cannot have one of its ports holds none", async () => {
  const { played } = playing();
  const [free, taken] = [await ports.of("free"), await ports.of("taken")];
  await listening(taken);
  await expect(played(workload, instance({ 80: free, 81: taken }), echoes)).rejects.toThrow("EADDRINUSE");
  await listening(free);
});
