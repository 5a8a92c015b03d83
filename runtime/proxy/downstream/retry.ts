import type { RetryPolicy } from "../../../lib/model/route.ts";
import type { HeaderLines } from "../http1/head.ts";

/** How an attempt failed before there was a response to pass on. */
export type AttemptFailure = "connect" | "reset" | "reset-before-request" | "timeout";

/** Whether the conditions ask for another attempt after that failure (Envoy, `RetryStateImpl::wouldRetryFromReset`). */
export const asksAfterFailure = ({ on, statuses }: RetryPolicy, failure: AttemptFailure): boolean => {
  if (on.includes("5xx") || on.includes("gateway-error")) return true;
  if (failure === "timeout") return statuses.includes(504) && on.includes("retriable-status-codes");
  if (on.includes("reset")) return true;
  if (failure === "connect") return on.includes("connect-failure") || on.includes("reset-before-request");
  return failure === "reset-before-request" && on.includes("reset-before-request");
};

/** Whether the conditions ask for another attempt after that answer (Envoy, `RetryStateImpl::wouldRetryFromHeaders`). */
export const asksAfterAnswer = ({ on, statuses }: RetryPolicy, status: number, headers: HeaderLines): boolean =>
  on.some((condition) => {
    switch (condition) {
      case "5xx":
        return status >= 500;
      case "gateway-error":
        return status >= 502 && status <= 504;
      case "retriable-4xx":
        return status === 409;
      case "retriable-status-codes":
        return statuses.includes(status);
      default:
        return grpcStatuses[condition] !== undefined && grpcStatusIn(headers) === grpcStatuses[condition];
    }
  });

const grpcStatuses: Readonly<Record<string, string>> = {
  cancelled: "1",
  "deadline-exceeded": "4",
  "resource-exhausted": "8",
  internal: "13",
  unavailable: "14",
};

const grpcStatusIn = (headers: HeaderLines): string | undefined => {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === "grpc-status") return headers[at + 1];
  return undefined;
};

/** Milliseconds before a retry, the first of which is number 1: random below a bound that doubles (Envoy's 25 ms to 250 ms). */
export const backOff = (retry: number): number => Math.random() * Math.min(25 * 2 ** (retry - 1), 250);

/** Methods that may be asked twice although nobody allowed it (RFC 9110, section 9.2.2): a kept connection may close as it is used. */
export const isIdempotent = (method: string): boolean =>
  method === "GET" ||
  method === "HEAD" ||
  method === "OPTIONS" ||
  method === "PUT" ||
  method === "DELETE" ||
  method === "TRACE";
