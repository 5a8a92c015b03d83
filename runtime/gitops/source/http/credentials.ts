import { readFile } from "node:fs/promises";
import { diskReason } from "../../../../compiler/disk-reason.ts";
import { SourceError } from "../source.ts";

/** What is sent to the repository's own origin, and to no other. */
export interface Credentials {
  /** The `Authorization` header; undefined where there is no token. */
  readonly header: string | undefined;
  /** A server's words without the credentials, should it repeat them: one line of printable characters. */
  readonly told: (text: string) => string;
}

/** Reads a token anew each time that it is asked for: whoever renews it writes the file. */
export const tokenFile = (path: string) => async (): Promise<string> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new SourceError("denied", `the token cannot be read from ${path}: ${diskReason(error)}`);
  }
  if (text.trim() === "") throw new SourceError("denied", `there is no token in ${path}`);
  return text.trim();
};

export const credentials = (username: string, token: string | undefined): Credentials => {
  if (token === undefined) return { header: undefined, told: oneLine };
  if (/[^\x21-\x7e]/.test(token) || token.length > 16_384)
    throw new SourceError("denied", "what is given as a token is none: it holds spaces, line ends or other characters");
  if (/[^\x20-\x7e]|:/.test(username)) throw new SourceError("denied", "a user's name for Git holds no colon");
  const basic = Buffer.from(`${username}:${token}`).toString("base64");
  const secrets = [basic, basic.replace(/=+$/, ""), token, encodeURIComponent(token)];
  return {
    header: `Basic ${basic}`,
    told: (text) => oneLine(secrets.reduce((left, secret) => left.replaceAll(secret, "***"), text)),
  };
};

const oneLine = (text: string): string => {
  const line = text
    .replace(/[^\x20-\x7e]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
};
