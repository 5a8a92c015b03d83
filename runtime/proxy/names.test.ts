import { expect, test } from "vitest";
import type { Cluster } from "../../targets/native/config.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import { asked, backend, cluster, config, outbound, route, running, wholeHost } from "./fixture.ts";

const external = (name: string, port: number): Cluster => ({
  resolve: "dns",
  endpoints: [{ address: name, port }],
});

/** Names that are answered when the test says so, and who asked for which. */
const resolver = () => {
  const asked: string[] = [];
  const waiting = new Map<string, (addresses: readonly string[] | Error) => void>();
  return {
    asked,
    answered: (name: string, addresses: readonly string[] | Error) => waiting.get(name)?.(addresses),
    addressesOf: (name: string): Promise<readonly string[]> => {
      asked.push(name);
      return new Promise((resolve, reject) =>
        waiting.set(name, (found) => (found instanceof Error ? reject(found) : resolve(found))),
      );
    },
  };
};

test("what is in force serves until the names that a configuration brings are found, and no request fails", async () => {
  const port = await freePort();
  const [inside, outside] = [
    await backend((_, response) => response.end("inside")),
    await backend((_, response) => response.end("outside")),
  ];
  const names = resolver();
  const { proxy } = await running(
    config([outbound(port, wholeHost(route("a")))], { a: cluster(inside) }),
    undefined,
    names,
  );
  const moved = config([outbound(port, wholeHost(route("b")))], { b: external("outside.example", outside) });
  const taken = proxy.taken(moved);
  for (let time = 0; time < 20; time += 1) expect((await asked(port)).body).toBe("inside");
  names.answered("outside.example", ["127.0.0.1"]);
  await taken;
  for (let time = 0; time < 20; time += 1) expect((await asked(port)).body).toBe("outside");
  // What is known needs no second look.
  await proxy.taken(moved);
});

test("a name that nobody has keeps no configuration back", async () => {
  const port = await freePort();
  const names = resolver();
  const good = await backend((_, response) => response.end("good"));
  const host = {
    ...wholeHost(route("a"), route("b")),
    paths: {
      under: [{ route: 0, headers: [] }],
      next: { "/outside": { under: [{ route: 1, headers: [] }] } },
    },
  };
  const clusters = { a: cluster(good), b: external("nowhere.example", 80) };
  const { proxy } = await running(config([]), undefined, names);
  const taken = proxy.taken(config([outbound(port, host)], clusters));
  while (names.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  names.answered("nowhere.example", new Error("ENOTFOUND"));
  await taken;
  expect((await asked(port)).body).toBe("good");
  expect((await asked(port, { path: "/outside" })).status).toBe(503);
});

test("nor does one that a resolver says nothing of, for longer than it may", async () => {
  const names = resolver();
  const { proxy } = await running(config([]), { lookupMs: 50 }, names);
  const port = await freePort();
  const good = await backend((_, response) => response.end("good"));
  await proxy.taken(
    config([outbound(port, wholeHost(route("a")))], { a: cluster(good), b: external("silent.example", 80) }),
  );
  expect((await asked(port)).body).toBe("good");
});
