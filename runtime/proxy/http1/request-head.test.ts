import { expect, test } from "vitest";
import type { RequestHead } from "./head.ts";
import { headLimits } from "./limits.ts";
import { requestHead } from "./request-head.ts";

const read = (...lines: readonly string[]) => requestHead(lines.join("\r\n"), headLimits);
const taken = (...lines: readonly string[]): RequestHead => {
  const head = read(...lines);
  if ("kind" in head) throw new Error(head.why);
  return head;
};
const get = (...lines: readonly string[]) => taken("GET / HTTP/1.1", "Host: a", ...lines);
const status = (...lines: readonly string[]): number | "taken" => {
  const head = read(...lines);
  return "kind" in head ? head.status : "taken";
};

test("reads a request as it was meant", () => {
  expect(
    taken("POST /a?b=%20 HTTP/1.1", "Host: Shop.test:8080", "X-A: \t one two\t ", "X-Empty:", "Content-Length: 5"),
  ).toEqual({
    method: "POST",
    target: "/a?b=%20",
    host: "Shop.test:8080",
    minor: 1,
    headers: ["host", "Shop.test:8080", "x-a", "one two", "x-empty", "", "content-length", "5"],
    framing: { kind: "length", bytes: 5 },
    keepsAlive: true,
    upgrade: undefined,
    expectsContinue: false,
  });
});

test("takes an absolute target apart, and holds it against Host", () => {
  const absolute = (target: string, host: string) => `${status(`GET ${target} HTTP/1.1`, `Host: ${host}`)}`;
  expect(taken("GET HTTP://A/x?y HTTP/1.1", "Host: a")).toMatchObject({ target: "/x?y", host: "A" });
  expect(taken("GET http://a HTTP/1.1", "Host: a").target).toBe("/");
  expect(taken("GET http://a?q HTTP/1.1", "Host: a").target).toBe("/?q");
  expect(taken("OPTIONS http://a HTTP/1.1", "Host: a").target).toBe("*");
  expect(taken("GET http://a/ HTTP/1.0")).toMatchObject({ host: "a", target: "/" });
  for (const [target, host] of [
    ["http://a/", "b"],
    ["http://a:80/", "a"],
    ["http://u@a/", "a"],
    ["http:///x", "a"],
    ["https://a/", "a"],
    ["a:80", "a"],
    ["a/b", "a"],
  ] as const)
    expect(absolute(target, host), target).toBe("400");
});

test("leaves the host out only in HTTP/1.0", () => {
  expect(taken("GET / HTTP/1.0")).toMatchObject({ host: "", minor: 0, keepsAlive: false });
  expect(status("GET / HTTP/1.1")).toBe(400);
  expect(status("GET / HTTP/1.1", "Host:")).toBe(400);
  expect(status("GET / HTTP/1.0", "Host: a", "Host: a")).toBe(400);
});

test("knows a host from what only looks like one", () => {
  const host = (value: string) => status("GET / HTTP/1.1", `Host: ${value}`);
  for (const good of ["a", "a.b-c_d~e:1", "127.0.0.1:65535", "[::1]", "[fe80::1]:80"])
    expect(host(good), good).toBe("taken");
  for (const bad of [
    "a:",
    "a:0",
    "a:65536",
    "a:8o",
    "a:1:2",
    ":80",
    "a b",
    "a,b",
    "a/b",
    "u@a",
    "a%2e",
    "[::1",
    "[a]",
    "[fe80::1%25eth0]",
    "[::1]x",
    "a".repeat(256),
  ])
    expect(host(bad), bad).toBe(400);
});

test("answers what it refuses as a server does", () => {
  const line = (start: string) => status(start, "Host: a");
  expect(line("CONNECT a:80 HTTP/1.1")).toBe(501);
  expect(line(`${"A".repeat(33)} / HTTP/1.1`)).toBe(501);
  expect(line("GET / HTTP/2.0")).toBe(505);
  expect(line("GET / HTTP/1.2")).toBe(505);
  expect(line("GET / http/1.1")).toBe(400);
  expect(line("GET / HTTP/1.10")).toBe(400);
  expect(line("GET * HTTP/1.1")).toBe(400);
  expect(line("OPTIONS * HTTP/1.1")).toBe("taken");
  expect(line("GET /")).toBe(400);
  expect(line(`GET /${"a".repeat(9000)} HTTP/1.1`)).toBe(414);
  expect(status("GET / HTTP/1.1", "Host: a", ...Array.from({ length: 99 }, () => "a: b"))).toBe("taken");
  expect(status("GET / HTTP/1.1", "Host: a", ...Array.from({ length: 100 }, () => "a: b"))).toBe(431);
  expect(status("GET / HTTP/1.1", "Host: a", "Expect: 200-maybe")).toBe(417);
  expect(status("GET / HTTP/1.1", "Host: a", "Expect: 100-continue", "Expect: 100-continue")).toBe(417);
});

test("refuses every byte in a start line or a name that no token or target has", () => {
  for (let code = 0; code < 256; code += 1) {
    const character = String.fromCharCode(code);
    const isTarget = code > 0x20 && code < 0x7f && character !== "#";
    expect(status(`GET /${character}x HTTP/1.1`, "Host: a"), `target ${code}`).toBe(isTarget ? "taken" : 400);
    const isToken = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character);
    expect(status(`X${character}T / HTTP/1.1`, "Host: a"), `method ${code}`).toBe(isToken ? "taken" : 400);
    // A colon ends the name.
    expect(status("GET / HTTP/1.1", "Host: a", `x${character}y: b`), `name ${code}`).toBe(
      isToken || character === ":" ? "taken" : 400,
    );
    const isValue = code === 9 || (code >= 0x20 && code !== 0x7f);
    expect(status("GET / HTTP/1.1", "Host: a", `x: b${character}c`), `value ${code}`).toBe(isValue ? "taken" : 400);
  }
});

test("takes exactly one way to say a length", () => {
  const framed = (...lines: readonly string[]) => {
    const head = read("POST / HTTP/1.1", "Host: a", ...lines);
    return "kind" in head ? head.status : head.framing;
  };
  expect(framed()).toEqual({ kind: "none" });
  expect(framed("Content-Length: 9007199254740991")).toEqual({ kind: "length", bytes: 9007199254740991 });
  expect(framed("Transfer-Encoding: ChunKed")).toEqual({ kind: "chunked" });
  for (const value of [
    "",
    "+1",
    "-1",
    "0x1",
    "1,1",
    "1 1",
    "1e1",
    "1.0",
    "9007199254740992",
    "00000000000000001",
    "\u00b2",
  ])
    expect(framed(`Content-Length: ${value}`), value).toBe(400);
  expect(framed("Content-Length: 1", "Content-Length: 1")).toBe(400);
  expect(framed("Content-Length: 1", "Transfer-Encoding: chunked")).toBe(400);
  expect(framed("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")).toBe(400);
  for (const value of ["", "identity", "gzip, chunked", "chunked, chunked", "xchunked", "chunked;a=b", "\u000bchunked"])
    expect(framed(`Transfer-Encoding: ${value}`), value).toBe(value === "\u000bchunked" ? 400 : 501);
  expect(status("POST / HTTP/1.0", "Transfer-Encoding: chunked")).toBe(400);
});

test("reads connection options", () => {
  expect(get("Connection: Close").keepsAlive).toBe(false);
  expect(get("Connection: keep-alive, x", "Connection: close").keepsAlive).toBe(false);
  expect(get("Connection: constructor").keepsAlive).toBe(true);
  expect(taken("GET / HTTP/1.0", "Connection: Keep-Alive").keepsAlive).toBe(true);
  expect(status("GET / HTTP/1.1", "Host: a", "Connection: a b")).toBe(400);
  for (const name of ["Host", "content-length", "Transfer-Encoding"])
    expect(status("GET / HTTP/1.1", "Host: a", `Connection: ${name}`), name).toBe(400);
});

test("knows an upgrade that is asked for from one that is mentioned", () => {
  expect(get("Connection: keep-alive, Upgrade", "Upgrade: WebSocket").upgrade).toBe("websocket");
  expect(get("Upgrade: websocket").upgrade).toBeUndefined();
  expect(get("Connection: upgrade").upgrade).toBeUndefined();
  expect(get("Connection: upgrade", "Upgrade: websocket, h2c").upgrade).toBeUndefined();
  expect(get("Connection: upgrade", "Upgrade: websocket", "Content-Length: 1").upgrade).toBeUndefined();
  expect(taken("GET / HTTP/1.0", "Connection: upgrade", "Upgrade: websocket").upgrade).toBeUndefined();
});

test("expects to continue only where the version has it", () => {
  expect(get("Expect: 100-Continue").expectsContinue).toBe(true);
  expect(taken("GET / HTTP/1.0", "Expect: 100-continue").expectsContinue).toBe(false);
});

test("refuses lines that are repaired elsewhere", () => {
  const lines = (text: string) => {
    const head = requestHead(`GET / HTTP/1.1\r\n${text}`, headLimits);
    return "kind" in head ? head.status : "taken";
  };
  for (const bad of [
    "Host: a\r\n b",
    " Host: a",
    "Host : a",
    "Host",
    ": a",
    "Host: a\r\n",
    "\r\nHost: a",
    "Host: a\nX: b",
    "Host: a\rX: b",
    "Host: a\r",
    "Host: a\u0100",
  ])
    expect(lines(bad), JSON.stringify(bad)).toBe(400);
});

test("reads what Connection asks for however much of it there is, and no more than anybody has to ask", () => {
  const spaces = " ".repeat(50_000);
  expect(get(`Connection: close${spaces},\t${spaces}`).keepsAlive).toBe(false);
  expect(status("GET / HTTP/1.1", "Host: a", `Connection: a${spaces}b`)).toBe(400);
  const options = (count: number): string => Array.from({ length: count }, (_, at) => `x-${at}`).join();
  expect(get(`Connection: ${options(32)}`).headers).toEqual(["host", "a", "connection", options(32)]);
  for (const bad of [options(33), ",".repeat(50_000)])
    expect(status("GET / HTTP/1.1", "Host: a", `Connection: ${bad}`)).toBe(400);
});

test("takes away what Connection names, and refuses it of who forwarded and to whom", () => {
  expect(get("X-One: 1", "Connection: x-one, TE", "TE: trailers", "x-one: 2", "X-Two: 3").headers).toEqual([
    "host",
    "a",
    "connection",
    "x-one, TE",
    "te",
    "trailers",
    "x-two",
    "3",
  ]);
  for (const name of ["Host", "Content-Length", "X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Client-Cert"])
    expect(status("GET / HTTP/1.1", "Host: a", `Connection: close, ${name}`), name).toBe(400);
});

test("knows standard methods by their case, and takes others as they are", () => {
  for (const method of ["get", "Post", "dELETE", "connect"])
    expect(status(`${method} / HTTP/1.1`, "Host: a")).toBe(400);
  expect(taken("purge / HTTP/1.1", "Host: a").method).toBe("purge");
});
