/** A request as somebody read it: method, target and, if there is one, its body, as latin1. */
export type Message = string;

/** An absolute target without its authority: that it is the same request, some say in this form and some in that. */
export const message = (method: string, target: string, body: Buffer): Message => {
  const path = target.replace(/^https?:\/\/[^/?]*/i, "");
  const whole = method === "OPTIONS" && path === "" ? "*" : path;
  const origin = whole.startsWith("/") || whole === "*" ? whole : `/${whole}`;
  return `${method} ${origin}${body.length > 0 ? ` ${body.toString("latin1")}` : ""}`;
};

/** Whether nothing is read that was not forwarded, nor in another order. */
export const isWithin = (read: readonly Message[], forwarded: readonly Message[]): boolean => {
  let at = 0;
  for (const message of forwarded) if (message === read[at]) at += 1;
  return at === read.length;
};
