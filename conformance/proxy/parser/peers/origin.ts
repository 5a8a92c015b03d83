import { createServer } from "node:net";
import { headerOf, messageReader } from "../../../rig/agent/http1.ts";
import { listening, type Listening } from "../listening.ts";
import { message, type Message } from "../message.ts";
import type { Lane } from "./peer.ts";

/** Answers everything and remembers it; lenient, so that a peer's reading is seen and not judged once more. */
export const origin = async (): Promise<Listening & Lane> => {
  let heard: Message[] = [];
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    const reader = messageReader("request", ({ start: [method, target], headers, body }) => {
      heard.push(message(method, headerOf(headers, "host"), target, body));
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    socket.on("data", reader.push);
  });
  return {
    ...(await listening(server)),
    taken: () => {
      const taken = heard;
      heard = [];
      return taken;
    },
  };
};
