import { headBuffer, type HeadBuffer } from "../http1/head-buffer.ts";
import type { RequestHead, ResponseHead } from "../http1/head.ts";
import type { HeadLimits } from "../http1/limits.ts";
import { isMalformed, malformed } from "../http1/malformed.ts";
import { responseHead } from "../http1/response-head.ts";

/** More than any server has to tell on the way; they come without an end of their own. */
const mostInterims = 16;

/** Heads of the responses to one request: interim ones, and then the one that counts. */
export const responseHeads = ({ method }: RequestHead, limits: HeadLimits): HeadBuffer<ResponseHead> => {
  let interims = 0;
  return headBuffer("response", limits, (text) => {
    const head = responseHead(text, limits, { method });
    if (isMalformed(head) || head.status >= 200) return head;
    interims += 1;
    return interims > mostInterims ? malformed(400, "too many interim responses") : head;
  });
};
