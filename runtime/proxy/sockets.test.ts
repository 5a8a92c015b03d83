import { Agent } from "node:http";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Listener } from "../../targets/native/config.ts";
import {
  asked,
  backend,
  cluster,
  config,
  freePort,
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
