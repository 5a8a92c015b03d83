import { connect, createServer, type Socket } from "node:net";
import type { Malformed } from "../../../../runtime/proxy/http1/head.ts";
import { writtenResponse } from "./written-head.ts";
import { listening, type Listening } from "../listening.ts";
import { relay } from "./relay.ts";
import { responseRelay } from "./response-relay.ts";

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
  const responses = responseRelay({
    method: () => asked[0] ?? "GET",
    bytes: (bytes) => client.write(bytes),
    whole: () => {
      asked.shift();
      settled();
    },
    refused: () => client.end(writtenResponse(502, "Refused", ["content-length", "0", "connection", "close"])),
  });
  backend.on("data", responses);
};
