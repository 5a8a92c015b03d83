import type { IncomingHttpHeaders } from "node:http";
import { SourceError } from "../source.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What an answer other than 200 means. `url` holds no credentials. */
export const refusedAnswer = (url: string, status: number, headers: IncomingHttpHeaders): SourceError => {
  const after = retryAfterMs(headers);
  const said = (words: string): string => `${url} answers ${status}: ${words}`;
  if (status === 429 || (after !== undefined && (status === 403 || status === 503)))
    return new SourceError("rate-limited", said("it wants to be asked less often"), after);
  if (status === 401) return new SourceError("denied", said("the credentials are missing or wrong"));
  // A page to sign in, which is no answer to who asked (Azure DevOps).
  if (status === 203) return new SourceError("denied", said("it asks for a sign-in"));
  if (status === 403) return new SourceError("denied", said("the credentials may not read the repository"));
  if (status === 407) return new SourceError("denied", said("a proxy on the way asks for credentials"));
  if (status === 404)
    return new SourceError("gone", said("there is no such repository, or the credentials may not know of it"));
  if (status === 410) return new SourceError("gone", said("the repository is gone"));
  if (status === 408 || status >= 500) return new SourceError("unreachable", said("the server is in trouble"), after);
  return new SourceError("invalid", said("that is no answer of a Git server"));
};

const networkReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up at the moment",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection broke off",
  EPIPE: "the connection broke off",
  ETIMEDOUT: "the connection was not answered",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to its network",
  ERR_PROXY_TUNNEL: "the proxy on the way does not lead there",
  ERR_STREAM_PREMATURE_CLOSE: "the connection broke off",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is of an authority that is not known here",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is of an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate is of an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of an authority that is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of an authority that is not known here",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

/** An error of a socket, of TLS or of HTTP as a reason in words; undefined where it is none of them. */
export const networkFailure = (url: string, error: unknown): SourceError | undefined => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  const words = networkReasons[code];
  if (words !== undefined) return new SourceError("unreachable", `${url} cannot be reached: ${words}`);
  if (code.startsWith("HPE_")) return new SourceError("invalid", `${url} answers with something that is not HTTP`);
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code.startsWith("CERT_"))
    return new SourceError("unreachable", `${url} cannot be reached: TLS cannot be agreed on (${code})`);
  return new SourceError("unreachable", `${url} cannot be reached: ${code}`);
};
