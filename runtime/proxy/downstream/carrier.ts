import type { Socket } from "node:net";

/** The TCP socket beneath a TLS one, and a TCP socket itself. Once TLS is over only that one knows the other end, or can reset it. */
export const carrierOf = (socket: Socket): Socket => {
  const { _parent: carrier } = socket as { readonly _parent?: Socket | null };
  return carrier ?? socket;
};
