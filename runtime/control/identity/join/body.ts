import type { IncomingMessage } from "node:http";

/** A request that is answered with words and a status. */
export interface Problem {
  readonly kind: "problem";
  readonly status: number;
  readonly error: string;
}

export const problem = (status: number, error: string): Problem => ({ kind: "problem", status, error });

/** More than any request for a certificate with a service account token. */
export const longestBody = 16_384;

/** What was sent; held apart, so that nothing a client writes can pass for an answer of ours. */
export interface Body {
  readonly kind: "body";
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A request's JSON object. What is too long is not read on; what is no object is said to be none. */
export const jsonBody = async (request: IncomingMessage): Promise<Body | Problem> => {
  const text = await bodyText(request);
  if (typeof text !== "string") return text;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return { kind: "body", fields: parsed as Readonly<Record<string, unknown>> };
  } catch {
    // JSON.parse would quote what it read, and that may hold a token.
  }
  return problem(400, "the body is no JSON object");
};

/** By events: an iterator that is left early would close the connection before the answer. */
const bodyText = (request: IncomingMessage): Promise<string | Problem> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const tooLong = () => {
      request.removeAllListeners("data");
      request.pause();
      resolve(problem(413, `the body is longer than ${longestBody} bytes`));
    };
    if (Number(request.headers["content-length"] ?? 0) > longestBody) return tooLong();
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > longestBody) tooLong();
      else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString()));
    request.on("error", () => resolve(problem(400, "the body did not arrive")));
    request.on("close", () => resolve(problem(400, "the body did not arrive")));
  });
