import { cr, lf } from "./grammar/characters.ts";
import type { Malformed } from "./head.ts";
import type { HeadLimits } from "./limits.ts";
import { isMalformed, malformed } from "./malformed.ts";
import { sectionBuffer, type Section } from "./grammar/section.ts";

export interface WholeHead<Head> {
  readonly head: Head;
  /** Where in the chunk the body, or what comes after the message, begins. */
  readonly end: number;
}

/** Heads of one connection, out of chunks that begin and end anywhere. */
export interface HeadBuffer<Head> {
  /** The next head that begins in this chunk at `offset` or began before; undefined while more must come. */
  readonly take: (chunk: Buffer, offset: number) => WholeHead<Head> | Malformed | undefined;
  /** Bytes of an unfinished head have come. */
  readonly begun: () => boolean;
}

const emptyLine = Buffer.from("\r\n\r\n");

/**
 * What is read is the same however the bytes were split, refusals included: a bare CR or LF is refused when it comes, not
 * when a head ends that never does. Before a request one empty line is ignored, as RFC 9112, section 2.2 asks for;
 * before a response none is. After a refusal nothing more may be taken.
 */
export const headBuffer = <Head extends object>(
  kind: "request" | "response",
  limits: HeadLimits,
  parse: (text: string) => Head | Malformed,
): HeadBuffer<Head> => {
  const section = sectionBuffer(limits.head, "in line");
  /** Of the empty line before a request: how many of its bytes may still come. */
  const most = kind === "request" ? 2 : 0;
  let leading = most;

  const judged = ({ kind, text, end }: Section): WholeHead<Head> | Malformed => {
    leading = most;
    const head = parse(text);
    if (kind === "too long") {
      const isStartLine = isMalformed(head) && head.status === 414;
      return isStartLine ? head : malformed(431, "the head is too long");
    }
    if (isMalformed(head)) return head;
    return kind === "whole" ? { head, end } : malformed(400, "a bare CR or LF");
  };

  return {
    take(chunk, offset) {
      let from = offset;
      if (leading === 2 && chunk[from] === cr && !section.begun()) {
        leading = 1;
        from += 1;
      }
      if (leading === 1 && from < chunk.length) {
        leading = 0;
        if (chunk[from] !== lf) return malformed(400, "a bare CR");
        from += 1;
      }
      if (!section.begun()) {
        const at = chunk.indexOf(emptyLine, from);
        const end = at + emptyLine.length;
        if (at >= 0 && end - from <= limits.head) {
          leading = most;
          const head = parse(chunk.toString("latin1", from, at));
          return isMalformed(head) ? head : { head, end };
        }
      }
      const ended = section.take(chunk, from);
      return ended === undefined ? undefined : judged(ended);
    },
    begun: () => section.begun() || leading < most,
  };
};
