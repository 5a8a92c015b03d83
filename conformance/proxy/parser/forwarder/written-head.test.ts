import fc from "fast-check";
import { expect, test } from "vitest";
import { endToEnd } from "../../../../runtime/proxy/http1/hop-by-hop.ts";
import { headLimits } from "../../../../runtime/proxy/http1/limits.ts";
import { requestHead } from "../../../../runtime/proxy/http1/request-head.ts";
import { responseHead } from "../../../../runtime/proxy/http1/response-head.ts";
import { writtenRequest, writtenResponse } from "./written-head.ts";

const name = fc.stringMatching(/^x-[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^[!-~\u0080-\u00ff]([ -~\t\u0080-\u00ff]{0,20}[!-~\u0080-\u00ff])?$/);
const headers = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((lines) => lines.flat());
const target = fc.stringMatching(/^\/[!-"$-~]{0,20}$/);

test("what is written is read back", () => {
  fc.assert(
    fc.property(target, headers, (target, headers) => {
      const lines = ["host", "a", ...headers];
      const text = writtenRequest("GET", target, lines);
      expect(text.endsWith("\r\n\r\n")).toBe(true);
      expect(requestHead(text.slice(0, -4), headLimits)).toMatchObject({ method: "GET", target, headers: lines });
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), headers, (status, headers) => {
      const text = writtenResponse(status, "Said So", headers);
      expect(responseHead(text.slice(0, -4), headLimits, { method: "GET" })).toMatchObject({
        status,
        reason: "Said So",
        headers,
      });
    }),
  );
});

test("writes nothing that ends a line early", () => {
  for (const bad of ["\r", "\n", "\r\n", "\0", "\u010a", "\u560a", "x\r\nevil:y"]) {
    expect(() => writtenRequest("GET", `/${bad}`, []), JSON.stringify(bad)).toThrow("read back");
    expect(() => writtenRequest(`G${bad}`, "/", [])).toThrow("read back");
    expect(() => writtenRequest("GET", "/", ["a", bad])).toThrow("read back");
    expect(() => writtenRequest("GET", "/", [`a${bad}`, "b"])).toThrow("read back");
    expect(() => writtenResponse(200, bad, [])).toThrow("read back");
  }
  for (const bad of ["", "a b", "a:", "\u00e9"])
    expect(() => writtenRequest("GET", "/", [bad, "b"])).toThrow("read back");
  expect(() => writtenRequest("GET", "/ HTTP/1.1", [])).toThrow("read back");
});

test("takes away what is for the next hop alone", () => {
  const lines = ["host: a", "connection: x-one, close", "connection: X-Two", "x-one: 1", "x-two: 2", "x-three: 3"];
  const head = requestHead(["GET / HTTP/1.1", ...lines].join("\r\n"), headLimits);
  expect("headers" in head && endToEnd(head.headers)).toEqual(["host", "a", "x-three", "3"]);
  const own = ["keep-alive", "proxy-connection", "upgrade", "te", "http2-settings"].flatMap((name) => [name, "x"]);
  expect(endToEnd([...own, "content-length", "1", "trailer", "x-sum"])).toEqual([
    "content-length",
    "1",
    "trailer",
    "x-sum",
  ]);
  expect(endToEnd(["te", "Trailers", "transfer-encoding", "chunked"])).toEqual([
    "te",
    "Trailers",
    "transfer-encoding",
    "chunked",
  ]);
});
