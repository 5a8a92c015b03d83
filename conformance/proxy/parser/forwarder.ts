import { connect, createServer, type Socket } from "node:net";
import { bodyReader } from "../../../runtime/proxy/http1/body.ts";
import type { BodyReader } from "../../../runtime/proxy/http1/body-reader.ts";
import { headBuffer } from "../../../runtime/proxy/http1/head-buffer.ts";
import type { Malformed, ResponseHead } from "../../../runtime/proxy/http1/head.ts";
import { endToEnd } from "../../../runtime/proxy/http1/hop-by-hop.ts";
import { headLimits, trailerLimits } from "../../../runtime/proxy/http1/limits.ts";
import { isMalformed } from "../../../runtime/proxy/http1/malformed.ts";
import { responseHead } from "../../../runtime/proxy/http1/response-head.ts";
import { writtenResponse } from "../../../runtime/proxy/http1/written-head.ts";
import { listening, type Listening } from "./listening.ts";
import { relay } from "./relay.ts";

/**
 * The least that forwards with the proxy's own readers, in its place until there is one: one connection to the backend
 * for each client, no policy, no limits of time, no back-pressure, no upgrades.
 */
export const forwarder = (backendPort: number): Promise<Listening> =>
  listening(createServer((client) => forwarded(client, backendPort)));

const forwarded = (client: Socket, backendPort: number): void => {
  const backend = connect(backendPort, "127.0.0.1");
  for (const [socket, other] of [
    [client, backend],
    [backend, client],
  ] as const) {
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => other.end());
  }
  /** Methods of the requests that wait for their answers. */
  const asked: string[] = [];
  let last: Malformed | "closed" | undefined;
  const settled = (): void => {
    if (last === undefined || asked.length > 0) return;
    if (last !== "closed")
      client.write(writtenResponse(last.status, "Refused", ["content-length", "0", "connection", "close"]));
    client.end();
    backend.destroy();
  };
  const requests = relay({
    head: ({ method }) => asked.push(method),
    bytes: (bytes) => backend.write(bytes),
    whole: () => undefined,
    over: (why, isWithinMessage) => {
      last = why;
      if (isWithinMessage) asked.pop();
      settled();
    },
  });
  client.on("data", requests);
  backend.on(
    "data",
    responses(
      () => asked[0] ?? "GET",
      (text) => client.write(text, "latin1"),
      (bytes) => client.write(bytes),
      () => {
        asked.shift();
        settled();
      },
      () => client.end(writtenResponse(502, "Refused", ["content-length", "0", "connection", "close"])),
    ),
  );
};

const responses = (
  method: () => string,
  written: (head: string) => void,
  bytes: (bytes: Buffer) => void,
  whole: () => void,
  refused: () => void,
): ((chunk: Buffer) => void) => {
  const heads = headBuffer("response", headLimits, (text) => responseHead(text, headLimits, { method: method() }));
  let body: BodyReader | undefined;
  let isOver = false;
  const begun = ({ status, reason, headers, framing }: ResponseHead): void => {
    written(writtenResponse(status, reason, endToEnd(headers)));
    body = bodyReader(framing, trailerLimits);
    if (body === undefined && status >= 200) whole();
  };
  return (chunk) => {
    for (let at = 0; at < chunk.length && !isOver;) {
      const read = body === undefined ? heads.take(chunk, at) : body.take(chunk, at);
      if (read === undefined) return;
      if (isMalformed(read)) {
        isOver = true;
        refused();
      } else {
        if ("head" in read) begun(read.head);
        else {
          bytes(chunk.subarray(at, read.end));
          if (read.complete) {
            body = undefined;
            whole();
          }
        }
        at = read.end;
      }
    }
  };
};
