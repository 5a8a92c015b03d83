import { SourceError } from "../source.ts";

/** A line of Git's protocols (gitprotocol-common): its bytes, or one of the marks that stand between sections. */
export type Packet = Buffer | "flush" | "delimiter" | "end";

/** One packet of text. */
export const packet = (text: string): string => (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text;
export const flush = "0000";
export const delimiter = "0001";

const marks: readonly (Packet | undefined)[] = ["flush", "delimiter", "end"];

/** The packets of an answer. What follows the last one that is asked for is not read. */
export async function* packets(body: AsyncIterable<Buffer>): AsyncGenerator<Packet, void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= 4) {
      const written = held.toString("latin1", at, at + 4);
      const length = /^[0-9a-f]{4}$/i.test(written) ? Number.parseInt(written, 16) : 3;
      const mark = marks[length];
      if (mark === undefined && length < 4) throw new SourceError("invalid", "the answer is not in Git's protocol");
      if (mark === undefined && held.length - at < length) break;
      yield mark ?? held.subarray(at + 4, at + length);
      at += Math.max(4, length);
    }
    held = held.subarray(at);
  }
  if (held.length > 0) throw new SourceError("unreachable", "the answer broke off in the middle");
}

/** A packet's text without the line feed at its end. */
export const lineOf = (bytes: Buffer): string => bytes.toString("utf8").replace(/\n$/, "");
