import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { HandshakeFailure } from "./exchange-record.ts";

type Why = Pick<HandshakeFailure, "code" | "reason">;

export const wrongIdentity = (reason: string): Why => ({ code: "WRONG_IDENTITY", reason });

/** Why a handshake came to nothing. Node tells of a certificate that is not believed on the socket, and of the rest in its error. */
export const handshakeFailure = (error: Error | undefined, socket: Socket): Why => {
  const { authorizationError: unbelieved } = socket as Partial<Pick<TLSSocket, "authorizationError">>;
  // Checks of ours are told of as errors without a code.
  if (error !== undefined && String(unbelieved) === error.message) return wrongIdentity(error.message);
  if (unbelieved) return { code: String(unbelieved), reason: "its certificate is not believed" };
  if (error === undefined) return { code: "CLOSED", reason: "it closed the connection" };
  const { code, reason } = error as { readonly code?: string; readonly reason?: string };
  return { code: code ?? "UNKNOWN", reason: reason ?? error.message };
};
