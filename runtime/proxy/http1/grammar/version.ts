import type { Malformed } from "../head.ts";
import { malformed } from "../malformed.ts";

/** `HTTP/1.1` */
export const versionLength = 8;

/** The minor version that stands at `at`; 505 for any that is written well and not 1.0 or 1.1. */
export const httpVersion = (text: string, at: number): 0 | 1 | Malformed => {
  if (text.startsWith("HTTP/1.1", at)) return 1;
  if (text.startsWith("HTTP/1.0", at)) return 0;
  const isWellWritten =
    text.startsWith("HTTP/", at) && isDigit(text, at + 5) && text[at + 6] === "." && isDigit(text, at + 7);
  return isWellWritten ? malformed(505, "neither HTTP/1.0 nor HTTP/1.1") : malformed(400, "no version of HTTP");
};

const isDigit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
};
