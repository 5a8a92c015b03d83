/** A request as somebody read it: method, target and, if there is one, its body, as latin1. */
export type Message = string;

/** An absolute target without its authority: that it is the same request, some say in this form and some in that. */
export const message = (method: string, target: string, body: Buffer): Message => {
  const path = target.replace(/^https?:\/\/[^/?]*/i, "");
  const whole = method === "OPTIONS" && path === "" ? "*" : path;
  const origin = whole.startsWith("/") || whole === "*" ? whole : `/${whole}`;
  return `${method} ${origin}${body.length > 0 ? ` ${body.toString("latin1")}` : ""}`;
};

/** Whether the one list is how the other begins. */
export const isPrefix = (short: readonly Message[], long: readonly Message[]): boolean =>
  short.length <= long.length && short.every((read, index) => read === long[index]);
