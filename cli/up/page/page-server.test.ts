import { request } from "node:http";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { LiveState, Tried, TriedRequest } from "../../../compiler/preview/page/live.ts";
import { pageServer, type Served } from "./page-server.ts";

const hostile = `</script><img src=x onerror=alert(1)>\u202e`;

const state: LiveState = {
  drawing: "1",
  inForce: { since: "2026-01-01T00:00:00.000Z", says: `reviews: v1\n${hostile}` },
  silent: [hostile],
  edges: [],
};

const serving = async (served: Partial<Served> = {}) => {
  const seen: TriedRequest[] = [];
  const server = await pageServer(
    { address: "127.0.0.1", port: 0 },
    {
      page: () => "<!doctype html>",
      tried: async (asked): Promise<Tried> => {
        seen.push(asked);
        return { refused: hostile };
      },
      ...served,
    },
  );
  onTestFinished(() => server.close());
  return { ...server, seen, authority: new URL(server.url).host };
};

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const asked = (
  authority: string,
  { path = "/", method = "GET", headers = {}, body = "" }: Asked = {},
): Promise<{
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}> =>
  new Promise((resolve, reject) => {
    const asking = request(
      `http://${authority}${path}`,
      { method, agent: false, headers: { host: authority, ...headers } },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      },
    );
    asking.once("error", reject);
    asking.end(body);
  });

/** As the page itself posts. */
const post = (authority: string, more: Asked = {}): Asked => ({
  path: "/try",
  method: "POST",
  body: JSON.stringify({ from: "outside", method: "GET", url: "http://a/", headers: [] }),
  ...more,
  headers: {
    origin: `http://${authority}`,
    "content-type": "application/json",
    "sec-fetch-site": "same-origin",
    ...more.headers,
  },
});

test("a name that resolves to this machine is not the page's address", async () => {
  const { authority } = await serving();
  const port = authority.split(":")[1];
  expect((await asked(authority)).status).toBe(200);
  for (const host of [`rebound.example:${port}`, "127.0.0.1", `localhost:${port}`, `127.0.0.1:1`, `${authority}.`])
    for (const path of ["/", "/events", "/try"])
      expect((await asked(authority, { path, headers: { host } })).status, `${host} ${path}`).toBe(421);
});

test("another page in the same browser neither tries requests nor follows events", async () => {
  const { authority, seen } = await serving();
  const origins = [
    "http://evil.example",
    "null",
    `http://localhost:${authority.split(":")[1]}`,
    `https://${authority}`,
  ];
  for (const origin of origins) {
    expect((await asked(authority, post(authority, { headers: { origin } }))).status, origin).toBe(403);
    expect((await asked(authority, { path: "/events", headers: { origin } })).status, origin).toBe(403);
  }
  for (const site of ["cross-site", "same-site", "none"]) {
    const headers = { "sec-fetch-site": site };
    expect((await asked(authority, post(authority, { headers }))).status, site).toBe(403);
    expect((await asked(authority, { path: "/events", headers })).status, site).toBe(403);
  }
  const { origin: _, ...anonymous } = post(authority).headers ?? {};
  expect((await asked(authority, { ...post(authority), headers: anonymous })).status).toBe(403);
  const form = post(authority, { headers: { "content-type": "text/plain" } });
  expect((await asked(authority, form)).status).toBe(415);
  expect(seen).toEqual([]);
  expect((await asked(authority, post(authority))).status).toBe(200);
  expect(seen).toHaveLength(1);
});

test("each path has one method, and there are no others", async () => {
  const { authority } = await serving();
  for (const [path, method, allow] of [
    ["/", "POST", "GET"],
    ["/", "HEAD", "GET"],
    ["/events", "DELETE", "GET"],
    ["/try", "GET", "POST"],
    ["/try", "OPTIONS", "POST"],
  ] as const)
    expect(await asked(authority, { path, method })).toMatchObject({ status: 405, headers: { allow } });
  for (const path of ["/?x", "//", "/try/", "/../etc/passwd", "/constructor", "/__proto__"])
    expect((await asked(authority, { path })).status, path).toBe(404);
});

test("a body that is too large is refused before it was read, and one that is no request is told so", async () => {
  const { authority, seen } = await serving();
  expect((await asked(authority, post(authority, { body: "x".repeat(70_000) }))).status).toBe(413);
  const request = { from: "outside", method: "GET", url: "http://a/", headers: [] };
  for (const wrong of [
    "",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...request, headers: "x" }),
    JSON.stringify({ ...request, headers: Array.from({ length: 65 }, () => "a: b") }),
    JSON.stringify({ ...request, method: "CONNECT" }),
    JSON.stringify({ ...request, method: "GET http://evil.example/" }),
    JSON.stringify({ ...request, headers: ["Transfer-Encoding: chunked"] }),
    JSON.stringify({ ...request, headers: ["upgrade : websocket"] }),
  ])
    expect((await asked(authority, post(authority, { body: wrong }))).status, wrong).toBe(400);
  expect(seen).toEqual([]);
});

/** Opens a stream of events and leaves it open; resolves with the first of what comes. */
const stream = (authority: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(authority.split(":")[1]), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.once("error", reject);
    socket.write(`GET /events HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (/\n\n\r\n$|\n\r?\n0\r\n\r\n$/.test(text)) resolve(text);
    });
  });

test("whoever comes late is told what everybody was told, as one line that no text can leave", async () => {
  const { authority, say } = await serving();
  say(state);
  const text = await stream(authority);
  const [, line = ""] = /^data: (.*)$/m.exec(text) ?? [];
  expect(line).not.toMatch(/[<>\u202e]/);
  const told = JSON.parse(line) as LiveState;
  expect(told.inForce.says).toBe(`reviews: v1\n${hostile.replace("\u202e", "⟨U+202E⟩")}`);
});

test("no more streams are held open than a person opens pages", async () => {
  const { authority, say } = await serving();
  say(state);
  const all = await Promise.all(Array.from({ length: 16 }, () => stream(authority)));
  expect(all.every((text) => text.startsWith("HTTP/1.1 200"))).toBe(true);
  expect((await asked(authority, { path: "/events" })).status).toBe(503);
});

test("few requests are tried at once", async () => {
  const waiting = Promise.withResolvers<Tried>();
  const { authority } = await serving({ tried: () => waiting.promise });
  const first = Array.from({ length: 4 }, () => asked(authority, post(authority)));
  await expect.poll(async () => (await asked(authority, post(authority, { body: "{}" }))).status).toBe(429);
  waiting.resolve({ refused: "no" });
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test("what answers runs nothing but the page's own script, in no frame", async () => {
  const { authority } = await serving();
  for (const path of ["/", "/nothing"]) {
    const { headers } = await asked(authority, { path });
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(
      /^default-src 'none'; .*script-src 'sha256-[^']+'; connect-src 'self'; .*frame-ancestors 'none'$/,
    );
    expect(policy).not.toContain("unsafe");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});
