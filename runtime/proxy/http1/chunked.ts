import type { BodyReader } from "./body-reader.ts";
import { cr, hexDigits, lf } from "./grammar/characters.ts";
import { fields } from "./grammar/fields.ts";
import type { Malformed } from "./head.ts";
import type { TrailerLimits } from "./limits.ts";
import { isMalformed, malformed } from "./malformed.ts";
import { sectionBuffer, type Section } from "./grammar/section.ts";

const mostDigits = 16;

/** Fields that frame, route, authorize or say how the content is to be read: too late after it (RFC 9110, section 6.5.1). */
const notTrailing: ReadonlySet<string> = new Set([
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "max-forwards",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

type Place = "size" | "digits" | "size LF" | "bytes" | "bytes CR" | "bytes LF" | "trailers";

/**
 * A chunked body (RFC 9112, section 7.1), judged while it passes. Chunk extensions are refused, though the RFC has them
 * ignored: nobody sends them, they would have to be forwarded, and how far one reaches is where readers of the same bytes
 * have parted again and again. Nothing of a chunk of bytes is let through before all of it was judged.
 */
export const chunkedReader = (limits: TrailerLimits): BodyReader => {
  const trailers = sectionBuffer(limits.trailers, "line start");
  let place: Place = "size";
  let size = 0;
  let digits = 0;

  return {
    take(chunk, offset) {
      let at = offset;
      while (at < chunk.length) {
        const byte = chunk[at] as number;
        switch (place) {
          case "size": {
            const digit = hexDigits[byte] as number;
            if (digit === 255) return malformed(400, "a chunk's size is no number");
            size = digit;
            digits = 1;
            place = "digits";
            at += 1;
            break;
          }
          case "digits": {
            const digit = hexDigits[byte] as number;
            if (digit === 255) {
              if (byte !== cr) return malformed(400, "a chunk's size does not end after its digits");
              place = "size LF";
            } else {
              size = size * 16 + digit;
              digits += 1;
              if (digits > mostDigits || size > Number.MAX_SAFE_INTEGER)
                return malformed(400, "a chunk's size is too large");
            }
            at += 1;
            break;
          }
          case "size LF":
            if (byte !== lf) return malformed(400, "a bare CR after a chunk's size");
            place = size === 0 ? "trailers" : "bytes";
            at += 1;
            break;
          case "bytes": {
            const taken = Math.min(size, chunk.length - at);
            at += taken;
            size -= taken;
            if (size === 0) place = "bytes CR";
            break;
          }
          case "bytes CR":
            if (byte !== cr) return malformed(400, "a chunk is longer than its size");
            place = "bytes LF";
            at += 1;
            break;
          case "bytes LF":
            if (byte !== lf) return malformed(400, "a bare CR after a chunk");
            place = "size";
            at += 1;
            break;
          case "trailers": {
            const section = trailers.take(chunk, at);
            if (section === undefined) return { end: chunk.length, complete: false, trailersAt: at };
            const { end } = section;
            const isEmpty = end === at + 2 && section.text === "";
            return refusedTrailers(section, limits) ?? { end, complete: true, ...(!isEmpty && { trailersAt: at }) };
          }
        }
      }
      return { end: at, complete: false };
    },
  };
};

const refusedTrailers = ({ kind, text }: Section, limits: TrailerLimits): Malformed | undefined => {
  if (kind === "too long") return malformed(431, "the trailers are too long");
  const read = fields(text, 0, limits.headerLines);
  if (isMalformed(read)) return read;
  if (kind === "broken") return malformed(400, "a bare CR or LF among trailers");
  for (let at = 0; at < read.headers.length; at += 2)
    if (notTrailing.has(read.headers[at] as string)) return malformed(400, "a trailer that had to be a header");
  return undefined;
};
