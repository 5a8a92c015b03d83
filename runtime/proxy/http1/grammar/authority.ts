import { isIPv6 } from "node:net";
import { colon } from "./characters.ts";

/** Letters, digits, `-._~`: what names and addresses are made of. */
const nameCodes = new Uint8Array(256);
for (const mark of "-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  nameCodes[mark.charCodeAt(0)] = 1;

const longestName = 255;
const largestPort = 65_535;

/**
 * Whether this is `host` or `host:port`. Stricter than RFC 3986: no escapes, no `,` `;` `=` or `@`, no empty port, because
 * two readers who take such a name apart differently call different services.
 */
export const isAuthority = (text: string): boolean => {
  let at = 0;
  if (text.charCodeAt(0) === 0x5b) {
    at = text.indexOf("]") + 1;
    // A zone (`%eth0`) means something on one machine only.
    if (at === 0 || text.includes("%") || !isIPv6(text.slice(1, at - 1))) return false;
  } else {
    while (at < text.length && nameCodes[text.charCodeAt(at)] === 1) at += 1;
    if (at === 0 || at > longestName) return false;
  }
  return at === text.length || (text.charCodeAt(at) === colon && isPort(text, at + 1));
};

const isPort = (text: string, from: number): boolean => {
  const digits = text.length - from;
  if (digits < 1 || digits > 5) return false;
  let port = 0;
  for (let at = from; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port > 0 && port <= largestPort;
};
