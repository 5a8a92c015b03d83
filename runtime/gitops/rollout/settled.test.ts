import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { istiodDebug } from "./istiod-debug.ts";
import { istiodSettling, type Stored } from "./settled.ts";

const { signal } = new AbortController();
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A port that answers as istiod's monitoring port does, in a way of the test's own. */
const answering = async (answer: (path: string, response: ServerResponse) => void): Promise<string> => {
  server = createServer((request, response) => answer(request.url!, response));
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const object = (name: string, labels: object, resourceVersion = "7") => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { namespace: "shop", name, resourceVersion, labels },
});
const stored = (name: string): Stored => ({
  ref: { apiVersion: "networking.istio.io/v1", kind: "VirtualService", namespace: "shop", name },
  resourceVersion: "7",
});
const ours = { "applyset.kubernetes.io/part-of": "ours" };

/** What istiod says of one proxy that has acknowledged all that it was sent a moment ago. */
const inSync = (): object[] => {
  const nonce = `${new Date(Date.now() + 5000).toISOString()}/1`;
  const type = { sent: nonce, acked: nonce };
  return [{ proxy: "web.shop", resources: { Cluster: type, Listener: type } }];
};

const settling = (address: string) =>
  istiodSettling({
    api: { apply: () => Promise.resolve({} as never) },
    istiod: () => Promise.resolve([address]),
    marker: { namespace: "mesh-sync", name: "settled" },
    timeoutMs: 20_000,
  });

test("whoever goes on where another stopped waits until istiod knows of every deletion", async () => {
  let asked = 0;
  const address = await answering((path, response) => {
    if (path !== "/debug/configz") return response.end(JSON.stringify(inSync()));
    asked += 1;
    const others = object("theirs", { "applyset.kubernetes.io/part-of": "theirs" });
    response.end(JSON.stringify([object("kept", ours), others, ...(asked < 3 ? [object("gone", ours)] : [])]));
  });
  await settling(address).settled([stored("kept")], signal, ours);
  expect(asked).toBe(3);
});

test("an istiod that does not answer for a moment is waited for", async () => {
  let asked = 0;
  const address = await answering((path, response) => {
    asked += 1;
    if (asked < 3) return response.writeHead(503).end();
    response.end(JSON.stringify(path === "/debug/configz" ? [object("kept", ours)] : inSync()));
  });
  await settling(address).settled([stored("kept")], signal);
  expect(asked).toBeGreaterThan(3);
});

test.each([
  ["more than istiod has to say, however it is packed", "more than"],
  ["what is no list", "no list"],
])("%s is refused", async (what, why) => {
  const address = await answering((_, response) => {
    if (why === "no list") return response.end("{}");
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync(Buffer.alloc(130 * 1024 * 1024, " ")));
  });
  await expect(istiodDebug(address, { signal }).held(), what).rejects.toThrow(why);
});
