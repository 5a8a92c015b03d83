/**
 * Header lines as they came, without those that `Connection` names: name in lower case, value without the space around it,
 * name, value, …
 */
export type HeaderLines = readonly string[];

/** How a message's body ends. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** Responses only: with the connection. */
  | { readonly kind: "close" };

export interface RequestHead {
  readonly method: string;
  /** Origin form, or `*`; an absolute form was taken apart, an authority form refused. */
  readonly target: string;
  /** As `Host` or the target's authority said it; both must agree. */
  readonly host: string;
  readonly minor: 0 | 1;
  readonly headers: HeaderLines;
  readonly framing: Framing;
  /** Whether the connection goes on after this exchange, as far as the sender of this message says. */
  readonly keepsAlive: boolean;
  /** The protocol asked for, where an upgrade is asked for as RFC 9110 has it. */
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly headers: HeaderLines;
  readonly framing: Framing;
  readonly keepsAlive: boolean;
}

/** A message that is not taken. */
export interface Malformed {
  readonly kind: "malformed";
  /** What a server answers to it. */
  readonly status: 400 | 413 | 414 | 417 | 431 | 501 | 505;
  /** For the log: in words, never quoting the message. */
  readonly why: string;
}
