/** A request as somebody read it: method, host unless it is `a`, target, and its body if there is one, as latin1. */
export type Message = string;

/** An absolute target without its authority: that it is the same request, some say in this form and some in that. */
export const message = (method: string, host: string | undefined, target: string, body: Buffer): Message => {
  const [prefix = "", authority] = /^https?:\/\/([^/?]*)/i.exec(target) ?? [];
  const path = target.slice(prefix.length);
  const whole = method === "OPTIONS" && path === "" ? "*" : path;
  const origin = whole.startsWith("/") || whole === "*" ? whole : `/${whole}`;
  const name = (host || authority || "nobody").toLowerCase();
  return [method, ...(name === "a" ? [] : [name]), origin, ...(body.length > 0 ? [body.toString("latin1")] : [])].join(
    " ",
  );
};

/** Whether nothing is read that was not forwarded, nor in another order. */
export const isWithin = (read: readonly Message[], forwarded: readonly Message[]): boolean => {
  let at = 0;
  for (const message of forwarded) if (message === read[at]) at += 1;
  return at === read.length;
};
