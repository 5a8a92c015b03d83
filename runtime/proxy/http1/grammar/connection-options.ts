import { isBlank, isToken } from "./characters.ts";
import type { Malformed } from "../head.ts";
import { malformed } from "../malformed.ts";

/** What a `Connection` field asks of the next hop (RFC 9110, section 7.6.1). */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Fields, in lower case, that are for the next hop alone. */
  readonly fields: readonly string[];
}

const none: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, fields: [] };
const usual: ReadonlyMap<string, ConnectionOptions> = new Map([
  ["close", { ...none, close: true }],
  ["keep-alive", { ...none, keepAlive: true }],
]);

/** More than anybody has reason to name, empty ones included: each is looked for among all header lines. */
const mostOptions = 32;

/**
 * Taking these away would end the message elsewhere, or send it elsewhere, than its sender has it; or hide who sent it and
 * over what (Envoy, `Utility::sanitizeConnectionHeader`).
 */
const isKept = (option: string): boolean =>
  option === "host" ||
  option === "content-length" ||
  option === "transfer-encoding" ||
  option.startsWith("x-forwarded-");

/** The options of all `Connection` lines as one list; refused where they name what a message cannot be without. */
export const connectionOptions = (list: string | undefined): ConnectionOptions | Malformed => {
  if (list === undefined) return none;
  const known = usual.get(list);
  if (known !== undefined) return known;
  const written = list.split(",", mostOptions + 1);
  if (written.length > mostOptions) return malformed(400, "too many connection options");
  const options = written.map((option) => trimmed(option).toLowerCase()).filter((option) => option !== "");
  if (!options.every(isToken)) return malformed(400, "a connection option is no token");
  if (options.some(isKept)) return malformed(400, "Connection names what frames or routes");
  return {
    close: options.includes("close"),
    keepAlive: options.includes("keep-alive"),
    upgrade: options.includes("upgrade"),
    fields: options.filter((option) => option !== "close" && option !== "keep-alive" && option !== "upgrade"),
  };
};

/** Whether a sender of this version lets the connection go on. */
export const keepsAlive = (minor: 0 | 1, { close, keepAlive }: ConnectionOptions): boolean =>
  !close && (minor === 1 || keepAlive);

/** Without spaces and tabs around it, and nothing else: `trim` takes away what no reader of HTTP does. */
const trimmed = (text: string): string => {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
};
