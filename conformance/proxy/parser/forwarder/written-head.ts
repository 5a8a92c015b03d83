import type { HeaderLines } from "../../../../runtime/proxy/http1/head.ts";

/**
 * A request's head as latin1, in HTTP/1.1, with the empty line that ends it. Throws at what would not be read back as it
 * was meant: parts come from readers that refuse it and from configuration that was checked, so it is a bug of ours.
 */
export const writtenRequest = (method: string, target: string, headers: HeaderLines): string => {
  if (notWord.test(method) || notWord.test(target)) throw new Error("a start line would not be read back");
  return `${method} ${target} HTTP/1.1\r\n${written(headers)}`;
};

/** As `writtenRequest`, of a response. */
export const writtenResponse = (status: number, reason: string, headers: HeaderLines): string => {
  if (notText.test(reason)) throw new Error("a start line would not be read back");
  return `HTTP/1.1 ${status} ${reason}\r\n${written(headers)}`;
};

/** Beyond latin1 a character is cut to its lower byte, and that of U+010A is a line feed. */
const notText = /[\0\r\n\u0100-\uffff]/;
const notWord = /[\0\r\n \u0100-\uffff]/;
const notName = /^$|[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

const written = (headers: HeaderLines): string => {
  let text = "";
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    const value = headers[at + 1] as string;
    if (notName.test(name) || notText.test(value)) throw new Error("a header line would not be read back");
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
};
