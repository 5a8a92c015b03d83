import { expect, test } from "vitest";
import { asked, cluster, config, freePort, nobody, outbound, route, running, wholeHost } from "./fixture.ts";

test("what the proxy answers on its own is edited as the route says, whether it was taken or refused", async () => {
  const [port, edge, dead] = [await freePort(), await freePort(), await freePort()];
  const responseHeaders = { remove: [], set: [["x-set", "new"]], add: [["x-add", "2"]] } as const;
  const host = {
    ...wholeHost(route("a", { responseHeaders })),
    paths: { under: [], next: { "/a": { under: [{ route: 0, headers: [] }] } } },
  };
  await running(
    config(
      [
        outbound(port, host),
        {
          kind: "gateway",
          address: "127.0.0.1",
          port: edge,
          targetPort: 8080,
          hosts: { virtualHosts: [host], exact: { server: 0 }, suffix: {} },
          access: nobody,
        },
      ],
      { a: cluster(dead) },
    ),
  );
  const edited = { "x-set": "new", "x-add": "2", "content-type": "text/plain" };
  expect(await asked(port, { path: "/a" })).toMatchObject({ status: 503, headers: edited });
  expect(await asked(edge, { path: "/a" })).toMatchObject({
    status: 403,
    headers: edited,
    body: "access denied\n",
  });
  const unrouted = [await asked(port, { path: "/b" }), await asked(edge, { path: "/b" })];
  expect(unrouted.map(({ status }) => status)).toEqual([404, 403]);
  for (const { headers } of unrouted) expect(headers).not.toHaveProperty("x-set");
});
