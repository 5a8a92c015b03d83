import { listening } from "../listening.ts";
import type { Message } from "../message.ts";
import { nodeServer } from "./node-parser.ts";
import { origin } from "./origin.ts";
import type { Peer } from "./peer.ts";

/** Nothing but the origin: what stands before it is seen as it is. */
export const bare = async (lanes: number): Promise<Peer> => {
  const origins = await Promise.all(Array.from({ length: lanes }, origin));
  return {
    name: "ours",
    lanes: origins,
    stop: async () => {
      for (const { stop } of origins) stop();
    },
  };
};

/** Node's own server. */
export const node = async (lanes: number): Promise<Peer> => {
  const servers = await Promise.all(
    Array.from({ length: lanes }, async () => {
      let heard: Message[] = [];
      const server = await listening(nodeServer((read) => heard.push(read)));
      const taken = (): readonly Message[] => {
        const taken = heard;
        heard = [];
        return taken;
      };
      return { ...server, taken };
    }),
  );
  return {
    name: "node",
    lanes: servers,
    stop: async () => {
      for (const { stop } of servers) stop();
    },
  };
};
