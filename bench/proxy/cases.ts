import { openPrefix } from "./request.ts";

/** How a proxy calls the backend; whoever calls the proxy does so in plain text, as the application beside it would. */
export type Security = "plain" | "mtls";

export interface Body {
  readonly name: "small" | "body_16k" | "body_1m";
  readonly path: string;
  readonly bytes: number;
}

export interface Case {
  readonly body: Body;
  readonly security: Security;
  /** More where a goal is. */
  readonly rounds: number;
  readonly seconds: number;
}

const body = (name: Body["name"], bytes: number): Body => ({ name, path: `${openPrefix}${name}`, bytes });

const small = body("small", 120);
const page = body("body_16k", 16_384);
const download = body("body_1m", 1_048_576);

export const bodies: readonly Body[] = [small, page, download];

export const smallPlain: Case = { body: small, security: "plain", rounds: 7, seconds: 2 };

export const cases: readonly Case[] = [
  smallPlain,
  { body: small, security: "mtls", rounds: 7, seconds: 2 },
  { body: page, security: "plain", rounds: 7, seconds: 2 },
  { body: download, security: "plain", rounds: 7, seconds: 2 },
  { body: page, security: "mtls", rounds: 3, seconds: 2 },
  { body: download, security: "mtls", rounds: 3, seconds: 2 },
];
