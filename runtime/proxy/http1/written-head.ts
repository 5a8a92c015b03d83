import type { HeaderLines } from "./head.ts";

/**
 * A request's head as latin1, in HTTP/1.1, with the empty line that ends it. Throws at what would not be read back as it
 * was meant: parts come from readers that refuse it and from configuration that was checked, so it is a bug of ours.
 */
export const writtenRequest = (method: string, target: string, headers: HeaderLines): string => {
  if (method.includes(" ") || target.includes(" ")) throw new Error("a start line has a space too many");
  return written(`${method} ${target} HTTP/1.1\r\n`, headers);
};

/** As `writtenRequest`, of a response. */
export const writtenResponse = (status: number, reason: string, headers: HeaderLines): string =>
  written(`HTTP/1.1 ${status} ${reason}\r\n`, headers);

const written = (start: string, headers: HeaderLines): string => {
  let text = start;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  text += "\r\n";
  // Cheaper than to look at each part: the line ends that were meant must be all that there are.
  const lines = headers.length / 2 + 2;
  if (count(text, "\r") !== lines || count(text, "\n") !== lines || unwritable.test(text))
    throw new Error("a head holds what would end its line");
  return text;
};

/** Beyond latin1 a character is cut to its lower byte, and that of U+010A is a line feed. */
const unwritable = /[\0\u0100-\uffff]/;

const count = (text: string, character: string): number => {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) found += 1;
  return found;
};
