import type { TriedRequest } from "../../../compiler/preview/page/live.ts";

/** What the page asked to be tried, or why that is nothing to try. */
export const triedRequest = (text: string): TriedRequest | string => {
  const told = json(text);
  if (typeof told !== "object" || told === null) return "that is no request";
  const { from, method, url, headers } = told as Readonly<Record<string, unknown>>;
  if (typeof from !== "string" || typeof method !== "string" || typeof url !== "string" || !isTexts(headers))
    return "a request to be tried has from, method, url and headers";
  // The proxy would go over to something else than HTTP, and there would be no answer to show.
  if (!/^[A-Za-z]{1,20}$/.test(method) || /^connect$/i.test(method)) return `\`${method}\` is no method to try`;
  const framing = headers.find((header) => hopByHop.has(header.split(":", 1)[0]?.trim().toLowerCase() ?? ""));
  if (framing !== undefined) return `\`${framing.split(":", 1)[0]}\` belongs to the connection: leave it out`;
  return { from, method, url, headers };
};

const hopByHop = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= 64 && value.every((one) => typeof one === "string");

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
