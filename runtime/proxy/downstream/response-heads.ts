import { headBuffer, type HeadBuffer } from "../http1/head-buffer.ts";
import type { RequestHead, ResponseHead } from "../http1/head.ts";
import type { HeadLimits } from "../http1/limits.ts";
import { responseHead } from "../http1/response-head.ts";

/** Heads of the responses to one request: interim ones, and then the one that counts. */
export const responseHeads = ({ method }: RequestHead, limits: HeadLimits): HeadBuffer<ResponseHead> =>
  headBuffer("response", limits, (text) => responseHead(text, limits, { method }));
