import { lines } from "./case.ts";

export interface ResponseCase {
  readonly name: string;
  readonly method: "GET" | "HEAD";
  /** All that comes before the connection ends. */
  readonly bytes: Buffer;
  /** Status and body; or "unfinished" where the end of the connection is the end of no response; or "refused". */
  readonly forwarded: string;
}

type Row = readonly [name: string, text: string, forwarded?: string];

const of = (method: "GET" | "HEAD", rows: readonly Row[]): readonly ResponseCase[] =>
  rows.map(([name, text, forwarded = "refused"]) => ({
    name: `response to ${method}: ${name}`,
    method,
    bytes: Buffer.from(text, "latin1"),
    forwarded,
  }));

const ok = (...headers: readonly string[]): string => lines("HTTP/1.1 200 OK", ...headers);
const chunked = (body: string): string => ok("Transfer-Encoding: chunked") + body;
const hello = "5\r\nhello\r\n0\r\n\r\n";

/** What a hostile or broken backend says. A response is read by the client that asked, and must not reach into the next. */
export const responses: readonly ResponseCase[] = [
  ...of("GET", [
    ["a length", ok("Content-Length: 5") + "hello", "200 hello"],
    ["a length, and more than it", ok("Content-Length: 5") + "hello" + ok("Content-Length: 0"), "200 hello"],
    ["chunks", chunked(hello), "200 hello"],
    ["chunks and a trailer", chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), "200 hello"],
    ["until the end", `${ok()}hello`, "200 hello"],
    ["until the end, HTTP/1.0", `${lines("HTTP/1.0 200 OK")}hello`, "200 hello"],
    ["no reason", `${lines("HTTP/1.1 200 ", "Content-Length: 5")}hello`, "200 hello"],
    ["no space before no reason", `${lines("HTTP/1.1 200", "Content-Length: 5")}hello`, "200 hello"],
    ["204", lines("HTTP/1.1 204 No Content"), "204"],
    ["304 with a length", lines("HTTP/1.1 304 Not Modified", "Content-Length: 5"), "304"],
    ["100 before it", lines("HTTP/1.1 100 Continue") + ok("Content-Length: 5") + "hello", "200 hello"],
    ["103 before it", lines("HTTP/1.1 103 Early Hints", "Link: </a>") + ok("Content-Length: 5") + "hello", "200 hello"],
    ["a length that is not reached", `${ok("Content-Length: 50")}hello`, "unfinished"],
    ["two equal lengths", `${ok("Content-Length: 5", "Content-Length: 5")}hello`],
    ["two different lengths", `${ok("Content-Length: 5", "Content-Length: 0")}hello`],
    ["a list of lengths", `${ok("Content-Length: 5, 5")}hello`],
    ["a length with a plus", `${ok("Content-Length: +5")}hello`],
    ["a length beside chunks", ok("Content-Length: 5", "Transfer-Encoding: chunked") + hello],
    ["gzip, then chunks", ok("Transfer-Encoding: gzip, chunked") + hello],
    ["identity", `${ok("Transfer-Encoding: identity")}hello`],
    ["chunks in HTTP/1.0", lines("HTTP/1.0 200 OK", "Transfer-Encoding: chunked") + hello],
    ["chunks twice", ok("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + hello],
    ["a chunk extension", chunked("5;a=b\r\nhello\r\n0\r\n\r\n")],
    ["a chunk that ends in a bare LF", chunked("5\r\nhello\n0\r\n\r\n")],
    ["a trailer that frames", chunked("0\r\nContent-Length: 5\r\n\r\n")],
    ["chunks that do not end", chunked("5\r\nhello\r\n"), "unfinished"],
    ["204 with a length", lines("HTTP/1.1 204 No Content", "Content-Length: 5")],
    ["204 with chunks", lines("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked") + hello],
    ["100 with a length", lines("HTTP/1.1 100 Continue", "Content-Length: 5") + "hello" + ok("Content-Length: 0")],
    [
      "an upgrade that nobody asked for",
      lines("HTTP/1.1 101 Switching Protocols", "Connection: upgrade", "Upgrade: x"),
    ],
    ["an empty line before it", `\r\n${ok("Content-Length: 0")}`],
    ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
    ["a bare CR in a value", ok("X: a\rContent-Length: 0")],
    ["a folded line", ok("X: a", " b", "Content-Length: 0")],
    ["a space before a colon", ok("Content-Length : 0")],
    ["a NUL", ok("X: a\0b", "Content-Length: 0")],
    ["HTTP/0.9", "<html>hello</html>\r\n\r\n"],
    ["HTTP/2.0", lines("HTTP/2.0 200 OK", "Content-Length: 0")],
    ["ICY", lines("ICY 200 OK", "Content-Length: 0")],
    ["a status of two digits", lines("HTTP/1.1 20 OK", "Content-Length: 0")],
    ["a status of four digits", lines("HTTP/1.1 2000 OK", "Content-Length: 0")],
    ["a status of 999", lines("HTTP/1.1 999 OK", "Content-Length: 0")],
    ["a length that Connection names", `${ok("Connection: content-length", "Content-Length: 5")}hello`],
    ["a head that never ends", `HTTP/1.1 200 OK\r\n${"X: a\r\n".repeat(20_000)}`],
  ]),
  ...of("HEAD", [
    ["a length", ok("Content-Length: 5"), "200"],
    ["chunks", ok("Transfer-Encoding: chunked"), "200"],
    ["a length, and a body nevertheless", `${ok("Content-Length: 5")}hello`, "200"],
  ]),
];
