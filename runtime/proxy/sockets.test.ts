import { Agent } from "node:http";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Listener } from "../../targets/native/config.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import {
  asked,
  backend,
  cluster,
  clusterOf,
  config,
  inbound,
  listening,
  outbound,
  route,
  running,
  wholeHost,
} from "./fixture.ts";

const everywhere = (listener: Listener): Listener => ({ ...listener, address: "0.0.0.0" });

const scene = async () => {
  const port = await freePort();
  let isReached = (): void => undefined;
  const reached = new Promise<void>((resolve) => (isReached = resolve));
  const application = await backend((request, response) => {
    isReached();
    setTimeout(() => response.end("application"), request.url === "/slow" ? 300 : 0);
  });
  const clusters = { a: cluster(await backend((_, response) => response.end("other"))) };
  const arrivals = inbound(port, application);
  const calls = everywhere(outbound(port, wholeHost(route("a"))));
  const made = await running(config([arrivals]));
  return { ...made, port, reached, arrivals, calls, clusters };
};

test("who begins to call services on a port of its own goes over to every address, and back, and no exchange ends", async () => {
  const { proxy, port, reached, arrivals, calls, clusters } = await scene();
  // Connections that wait are ended with their port, and who uses one just then asks again.
  const answer = async (path = "/") => (await asked(port, { path, agent: new Agent() })).body;
  const begun = answer("/slow");
  await reached;
  await proxy.taken(config([arrivals, calls], clusters));
  expect(await answer()).toBe("application");
  expect(await begun).toBe("application");
  await proxy.taken(config([calls], clusters));
  expect(await answer()).toBe("other");
  await proxy.taken(config([arrivals]));
  expect(await answer()).toBe("application");
});

test("what made way for a configuration that cannot be had comes back", async () => {
  const { proxy, port, arrivals, calls, clusters } = await scene();
  const occupied = createServer();
  const number = await listening(occupied);
  onTestFinished(() => void occupied.close());
  await expect(proxy.taken(config([arrivals, calls, inbound(number, 1)], clusters))).rejects.toThrow("EADDRINUSE");
  expect((await asked(port)).body).toBe("application");
});

test("at every address of IPv6, too, who listens at one of them has what arrives there, and IPv4 arrives as itself", async () => {
  for (const own of ["127.0.0.1", "::1"]) {
    const port = await freePort();
    const answering = (name: string) => backend((_, response) => response.end(name));
    const arrivals = { ...inbound(port, await answering("application")), address: own };
    const calls = {
      kind: "outbound-tcp",
      address: "::",
      port,
      servicePort: port,
      byAddress: { "127.0.0.2": clusterOf("a") },
      unknownAddresses: "refuse",
    } as const;
    const { proxy, connections } = await running(config([arrivals, calls], { a: cluster(await answering("other")) }));
    const answer = async (host: string): Promise<string> => (await fetch(`http://${host}:${port}/`)).text();
    expect(await answer(own === "::1" ? "[::1]" : own)).toBe("application");
    expect(await answer("127.0.0.2")).toBe("other");
    await proxy.close(0);
    await expect.poll(() => connections.map(({ callerAddress }) => callerAddress)).toEqual(["127.0.0.1"]);
  }
});

test("two that want every address of a port, of IPv4 and of IPv6, are not taken for one", async () => {
  const { proxy, calls, clusters } = await scene();
  await expect(proxy.taken(config([calls, { ...calls, address: "::" }], clusters))).rejects.toThrow("every address");
});
