import type { Socket } from "node:net";

/** A piece of a body up to this size is put behind its head and written with it, as one string: one call instead of two. */
const joinedBytes = 4096;

/** Writes a head, if there is one, and what came of its body; returns whether there is room for more. */
export const written = (socket: Socket, head: string, pieces: readonly Buffer[]): boolean => {
  const [first] = pieces;
  if (first === undefined) return head === "" || socket.write(head, "latin1");
  if (head === "" && pieces.length === 1) return socket.write(first);
  if (pieces.length === 1 && first.length <= joinedBytes)
    return socket.write(head + first.toString("latin1"), "latin1");
  socket.cork();
  if (head !== "") socket.write(head, "latin1");
  const hasRoom = pieces.map((bytes) => socket.write(bytes)).at(-1) ?? true;
  socket.uncork();
  return hasRoom;
};
