import { isToken } from "./characters.ts";
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

/** Taking these away would end the message elsewhere, or send it elsewhere, than its sender has it. */
const kept: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding"]);

/** The options of all `Connection` lines as one list; refused where they name what a message cannot be without. */
export const connectionOptions = (list: string | undefined): ConnectionOptions | Malformed => {
  if (list === undefined) return none;
  const known = usual.get(list);
  if (known !== undefined) return known;
  const options = list
    .split(",")
    .map((option) => trimmed(option).toLowerCase())
    .filter((option) => option !== "");
  if (!options.every(isToken)) return malformed(400, "a connection option is no token");
  if (options.some((option) => kept.has(option))) return malformed(400, "Connection names what frames or routes");
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
const trimmed = (text: string): string => text.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
