import { controlIdentity } from "../../../../targets/xds/identity-names.ts";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readdir, rename, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import { believedFile, believedFolder, unlessAbsent } from "../files/believed.ts";
import { createdFile, stagedPath, syncedFolder, withoutLeftovers } from "../files/durable-file.ts";
import { reasonOf, silent, type Log } from "../../../log/log.ts";
import { refused, type Refused } from "../refused.ts";
import { networkOf } from "../../network-of.ts";
import { spiffeParts } from "../spiffe-id.ts";
import { rate } from "./rate.ts";

/** What a token gives to whoever shows it first. */
export interface Grant {
  /** The machine's workload as the graph names it; whoever redeems has to name it too. */
  readonly workload: string;
  readonly identity: SpiffeId;
}

export interface JoinTokens {
  /** A new token, good once within `ttlMs` milliseconds. It is never shown again. Throws in words where there are too many. */
  readonly created: (grant: Grant & { readonly ttlMs: number }) => Promise<string>;
  /** The identity that a token gives. Each refusal has the same words and takes the same time, whatever the reason. */
  readonly redeemed: (
    token: string,
    by: { readonly workload: string; readonly address: string },
  ) => Promise<(Grant & { readonly kind: "redeemed" }) | Refused>;
}

export interface JoinTokensOptions {
  /** A folder of this alone; processes of one machine may share it. */
  readonly folder: string;
  /** How many may be outstanding. */
  readonly limit?: number;
  /** Failed attempts of one address. */
  readonly attempts?: { readonly perMinute: number; readonly burst: number };
  /** How long each refusal takes, in milliseconds: longer than any way to it. */
  readonly refusalMs?: number;
  readonly log?: Log;
}

interface Outstanding extends Grant {
  readonly hash: string;
  readonly expiresAt: number;
}

const prefix = "mwj1_";
const notAccepted = refused("the join token is not accepted");
/** For the log alone: whoever guesses must not learn which guess was near. */
const usedAlready = refused("it was used already");
const unknown = refused("it is unknown: never made here, or not kept any longer");
const mostUsed = 1000;
/** What a file of that name says; undefined where it is no token of ours. */
const outstanding = (text: string | undefined, hash: string): Outstanding | undefined => {
  try {
    const found = JSON.parse(text ?? "") as Outstanding;
    return timingSafeEqual(Buffer.from(found.hash, "hex"), Buffer.from(hash, "hex")) ? found : undefined;
  } catch {
    return undefined;
  }
};
const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/**
 * Join tokens of 256 random bits, of which only the SHA-256 is stored, in one file each. Redeeming takes the file away, which
 * of any number of processes exactly one can do; that it is gone is on the disk before anybody is given anything.
 */
export const joinTokens = ({
  folder,
  limit = 1000,
  attempts = { perMinute: 10, burst: 5 },
  refusalMs = 250,
  log = silent,
}: JoinTokensOptions): JoinTokens => {
  const allowed = rate(attempts);
  /** Hashes of what was redeemed here, to tell a second use from a guess; the latest of them. */
  const used = new Set<string>();
  const fileOf = (hash: string): string => join(folder, `${hash}.json`);

  /** Who can write here says who joins: this throws where others could have. */
  const textOf = async (hash: string): Promise<string | undefined> => {
    await unlessAbsent(believedFolder(folder));
    return (await unlessAbsent(believedFile(fileOf(hash))))?.text;
  };
  const swept = async (): Promise<number> => {
    await withoutLeftovers(folder);
    const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    let left = 0;
    for (const name of names) {
      const hash = name.slice(0, 64);
      const found = outstanding(await textOf(hash), hash);
      if (found !== undefined && found.expiresAt > Date.now()) left += 1;
      else await rm(join(folder, name), { force: true });
    }
    return left;
  };
  const grant = async (token: string, workload: string, network: string): Promise<Grant | Refused> => {
    const hash = hashOf(token);
    const found = outstanding(await textOf(hash), hash);
    // Many machines may join from behind one address: only what fails counts.
    if (!allowed(network, "uncounted")) return refused("this address failed too often");
    if (found === undefined) return used.has(hash) ? usedAlready : unknown;
    if (!token.startsWith(prefix)) return unknown;
    if (found.expiresAt <= Date.now()) return refused(`it expired at ${new Date(found.expiresAt).toISOString()}`);
    // What the client named may be anything, a token too.
    if (found.workload !== workload) return refused(`it is for ${found.workload}, and another workload was named`);
    // INVARIANT: this is the claim; nothing may be given before it, and it has no second winner.
    try {
      await unlink(fileOf(hash));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return usedAlready;
      throw error;
    }
    if (used.size >= mostUsed) used.delete(used.keys().next().value ?? "");
    used.add(hash);
    await syncedFolder(folder);
    return { workload: found.workload, identity: found.identity };
  };

  return {
    async created({ workload, identity, ttlMs }) {
      const parts = spiffeParts(identity);
      if (parts === undefined) throw new Error(`${identity} is no SPIFFE identity`);
      if (identity === controlIdentity(parts.trustDomain))
        throw new Error(`${identity} is mesh-control's own, and nobody joins with it`);
      if (!(ttlMs > 0 && ttlMs <= 7 * 86_400_000)) throw new Error("a join token lives for up to seven days");
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if ((await swept()) >= limit) throw new Error(`${limit} join tokens are outstanding, which is the limit`);
      const token = `${prefix}${randomBytes(32).toString("base64url")}`;
      const hash = hashOf(token);
      const kept: Outstanding = { hash, workload, identity, expiresAt: Date.now() + ttlMs };
      const staged = stagedPath(folder);
      await createdFile(staged, `${JSON.stringify(kept)}\n`);
      await rename(staged, fileOf(hash));
      await syncedFolder(folder);
      log({ level: "info", event: "join token created", workload, identity, ttlMs });
      return token;
    },
    async redeemed(token, { workload, address }) {
      // The clock starts before anything that could differ.
      const atLeast = sleep(refusalMs);
      const network = networkOf(address);
      const found = await grant(token, workload, network).catch((error: unknown) => {
        log({ level: "error", event: "join token not read", reason: reasonOf(error) });
        return refused("it could not be read");
      });
      if ("kind" in found) {
        allowed(network);
        log({ level: "warn", event: "join token refused", address, reason: found.reason });
        await atLeast;
        return notAccepted;
      }
      log({ level: "info", event: "join token redeemed", workload, identity: found.identity, address });
      return { kind: "redeemed", ...found };
    },
  };
};
