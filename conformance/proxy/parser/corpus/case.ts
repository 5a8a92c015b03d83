import type { Message } from "../message.ts";

/** Bytes of one client, and what must become of them: the messages that are forwarded, then how the connection is left. */
export interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  readonly messages: readonly Message[];
  readonly end: number | "open" | "closed";
}

type Row = readonly [name: string, text: string, ...outcome: readonly (Message | number)[]];

/** The last of an outcome may be a status or "closed"; else the connection stays open. */
export const cases = (topic: string, rows: readonly Row[]): readonly Case[] =>
  rows.map(([name, text, ...outcome]) => {
    const last = outcome.at(-1);
    const end = typeof last === "number" || last === "closed" ? last : "open";
    const messages = (end === "open" ? outcome : outcome.slice(0, -1)).map(String);
    return { name: `${topic}: ${name}`, bytes: Buffer.from(text, "latin1"), messages, end };
  });

/** A head with its end. */
export const lines = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n\r\n`;

/** A request to `/` with these header lines after its Host. */
export const get = (...headers: readonly string[]): string => lines("GET / HTTP/1.1", "Host: a", ...headers);
export const post = (...headers: readonly string[]): string => lines("POST / HTTP/1.1", "Host: a", ...headers);
export const chunkedPost = (body: string): string => post("Transfer-Encoding: chunked") + body;

/** What an attacker wants to have read as a message of its own, or not. */
export const next = lines("GET /next HTTP/1.1", "Host: a");
