import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** Each address of each name is one replica: a headless service names all of them. Rejects in words where a name leads nowhere. */
export const replicasOf = async (urls: readonly string[]): Promise<readonly string[]> => {
  const all = await Promise.all(
    urls.map(async (text): Promise<readonly string[]> => {
      const url = new URL(text);
      if (isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0) return [text];
      const found = await lookup(url.hostname, { all: true }).catch((error: unknown) => {
        throw new Error(`no address of ${url.hostname} is known`, { cause: error });
      });
      return found.map(({ address, family }) => {
        const replica = new URL(url);
        replica.hostname = family === 6 ? `[${address}]` : address;
        return replica.href;
      });
    }),
  );
  return [...new Set(all.flat())];
};
