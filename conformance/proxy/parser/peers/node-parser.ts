import { createServer, type Server } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { message, type Message } from "../message.ts";

/** What Node's own parser reads of the same bytes, without a network. */
export interface NodeReading {
  readonly messages: readonly Message[];
  readonly refused: boolean;
}

/** Turns of the loop without anything new after which there is nothing more to come. */
const quietTurns = 4;

export const nodeReading = async (chunks: readonly Buffer[]): Promise<NodeReading> => {
  const messages: Message[] = [];
  let refused = false;
  let events = 0;
  const server = nodeServer((read) => {
    messages.push(read);
    events += 1;
  });
  server.on("clientError", (_, socket) => {
    refused = true;
    socket.destroy();
  });
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      events += 1;
      done();
    },
  });
  connection.on("close", () => (refused = true));
  server.emit("connection", connection);
  for (const chunk of chunks) {
    connection.push(chunk);
    await turn();
  }
  for (let quiet = 0, seen = events; quiet < quietTurns; quiet += 1) {
    await turn();
    if (events !== seen) [quiet, seen] = [0, events];
  }
  const isRefused = refused;
  connection.destroy();
  return { messages, refused: isRefused };
};

/** Node's server as it comes; says each message that was read to its end. */
export const nodeServer = (read: (message: Message) => void): Server =>
  createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("error", () => undefined);
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      read(message(request.method ?? "", request.headers.host, request.url ?? "", Buffer.concat(parts)));
      response.end();
    });
  });
