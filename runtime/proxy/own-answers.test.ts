import { expect, test } from "vitest";
import { noEdits } from "../../lib/model/route.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import { asked, cluster, config, gateway, outbound, route, running, wholeHost } from "./fixture.ts";

test("what the proxy answers on its own is edited as the route says, whether it was taken or refused", async () => {
  const [port, edge, dead] = [await freePort(), await freePort(), await freePort()];
  const responseHeaders = { remove: [], set: [["x-set", "new"]], add: [["x-add", "2"]] } as const;
  const host = {
    ...wholeHost(route("a", { responseHeaders })),
    paths: { under: [], next: { "/a": { under: [{ route: 0, headers: [] }] } } },
  };
  await running(config([outbound(port, host), gateway(edge, host)], { a: cluster(dead) }));
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

test("a route responds by itself: to HEAD without the body, in UTF-8, and the connection goes on", async () => {
  const [port, edge] = [await freePort(), await freePort()];
  const edits = { remove: [], set: [["retry-after", "60"]], add: [] } as const;
  const body = "zurück um 12 €, 100 %\n";
  const host = {
    ...wholeHost(
      { directResponse: { status: 503, body }, responseHeaders: edits },
      { directResponse: { status: 204, body: "" }, responseHeaders: noEdits },
      {
        directResponse: { status: 200, body: "{}" },
        responseHeaders: { remove: [], set: [["content-type", "application/json"]], add: [] },
      },
    ),
    paths: {
      under: [{ route: 0, headers: [] }],
      next: {
        "/": {
          under: [{ route: 0, headers: [] }],
          next: { none: { under: [{ route: 1, headers: [] }] }, json: { under: [{ route: 2, headers: [] }] } },
        },
      },
    },
  };
  const { exchanges } = await running(config([outbound(port, host), gateway(edge, host)]));
  const length = String(Buffer.byteLength(body));
  const headers = { "content-type": "text/plain", "content-length": length, "retry-after": "60" };
  expect(await asked(port)).toMatchObject({ status: 503, headers, body });
  expect(await asked(port, { method: "HEAD" })).toMatchObject({ status: 503, headers, body: "" });
  expect(await asked(port, { path: "/json" })).toMatchObject({
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const none = await asked(port, { path: "/none" });
  expect(none).toMatchObject({ status: 204, body: "" });
  expect(none.headers).not.toHaveProperty("content-length");
  expect(none.headers).not.toHaveProperty("content-type");
  expect(exchanges.map(({ status, reason, service, attempts }) => [status, reason, service, attempts])).toEqual(
    [503, 503, 200, 204].map((status) => [status, "direct-response", host.name, 0]),
  );
  const refused = await asked(edge);
  expect(refused).toMatchObject({ status: 403, body: "access denied\n" });
  expect(refused.headers).not.toHaveProperty("retry-after");
});
