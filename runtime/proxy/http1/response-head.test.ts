import { expect, test } from "vitest";
import { headLimits } from "./limits.ts";
import { responseHead } from "./response-head.ts";

const read = (method: string, ...lines: readonly string[]) => responseHead(lines.join("\r\n"), headLimits, { method });
const framed = (method: string, ...lines: readonly string[]) => {
  const head = read(method, ...lines);
  return "kind" in head ? "refused" : head.framing.kind;
};

test("reads a response as it was meant", () => {
  expect(read("GET", "HTTP/1.1 404 Not  Found", "X: y", "Content-Length: 0")).toEqual({
    status: 404,
    reason: "Not  Found",
    minor: 1,
    headers: ["x", "y", "content-length", "0"],
    framing: { kind: "length", bytes: 0 },
    keepsAlive: true,
  });
  expect(read("GET", "HTTP/1.1 200 ", "Content-Length: 1")).toMatchObject({ status: 200, reason: "" });
  expect(read("GET", "HTTP/1.1 200")).toMatchObject({ status: 200, reason: "", keepsAlive: false });
  expect(read("GET", "HTTP/1.0 200 OK", "Content-Length: 1")).toMatchObject({ minor: 0, keepsAlive: false });
});

test("ends a body as the status and the method have it", () => {
  expect(framed("GET", "HTTP/1.1 200 OK")).toBe("close");
  expect(framed("GET", "HTTP/1.1 200 OK", "Transfer-Encoding: chunked")).toBe("chunked");
  expect(framed("HEAD", "HTTP/1.1 200 OK", "Content-Length: 5")).toBe("none");
  expect(framed("HEAD", "HTTP/1.1 200 OK", "Transfer-Encoding: chunked")).toBe("none");
  expect(framed("GET", "HTTP/1.1 304 Not Modified", "Content-Length: 5")).toBe("none");
  expect(framed("GET", "HTTP/1.1 204 No Content", "Content-Length: 0")).toBe("none");
  expect(framed("GET", "HTTP/1.1 100 Continue")).toBe("none");
});

test("refuses what could be read two ways", () => {
  for (const lines of [
    ["HTTP/1.1 204 No Content", "Content-Length: 5"],
    ["HTTP/1.1 204 No Content", "Transfer-Encoding: chunked"],
    ["HTTP/1.1 100 Continue", "Content-Length: 5"],
    ["HTTP/1.1 200 OK", "Content-Length: 5", "Transfer-Encoding: chunked"],
    ["HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 5"],
    ["HTTP/1.1 200 OK", "Content-Length: 5, 5"],
    ["HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"],
    ["HTTP/1.0 200 OK", "Transfer-Encoding: chunked"],
    ["HTTP/1.1 099 OK"],
    ["HTTP/1.1 600 OK"],
    ["HTTP/1.1 2000 OK"],
    ["HTTP/1.1 20 OK"],
    ["HTTP/1.1  200 OK"],
    ["HTTP/1.1 200\tOK"],
    ["HTTP/2.0 200 OK"],
    ["ICY 200 OK"],
    ["HTTP/1.1 200 O\u0000K"],
    ["HTTP/1.1 200 OK\rX: y"],
    ["HTTP/1.1 200 OK", " folded: x"],
    ["HTTP/1.1 200 OK", "Connection: content-length", "Content-Length: 5"],
    [`HTTP/1.1 200 ${"a".repeat(9000)}`],
  ])
    expect(framed("GET", ...lines), lines.join()).toBe("refused");
});
