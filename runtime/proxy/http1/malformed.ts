import type { Malformed } from "./head.ts";

export const malformed = (status: Malformed["status"], why: string): Malformed => ({ kind: "malformed", status, why });

/** Heads have no kind: what has one was refused. */
export const isMalformed = (read: object): read is Malformed => "kind" in read && read.kind === "malformed";
