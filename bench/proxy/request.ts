/** What the load asks for: the heads of all requests are alike, and as large as those of a browser. */
export const host = "shop.example";
export const otherHost = "stock.example";
/** By this header another route is taken; load says `no`, so that it is looked at and does not hold. */
export const canary = { name: "x-canary", value: "yes" } as const;

/** Allowed for everybody; whatever is not below it is refused. */
export const openPrefix = "/open/";

/** `Host` as wrk spells it: it would add one of its own beside another spelling. */
export const requestHeaders: readonly (readonly [name: string, value: string])[] = [
  ["Host", host],
  ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["Accept-Language", "en-GB,en;q=0.7,de;q=0.3"],
  ["Accept-Encoding", "gzip, deflate, br"],
  ["Cache-Control", "no-cache"],
  ["Cookie", "session=8f1c0d6e2b7a4953; theme=dark; consent=all"],
  ["Referer", "https://shop.example/catalogue?page=2"],
  ["Authorization", "Bearer 0123456789abcdef0123456789abcdef0123456789abcdef"],
  [canary.name, "no"],
];
