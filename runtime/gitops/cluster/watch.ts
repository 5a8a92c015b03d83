import { silent, type Log } from "../../log/log.ts";
import { sparingLog } from "../../log/sparing-log.ts";
import {
  ClusterError,
  type ClusterApi,
  type ClusterObject,
  type ObjectKind,
  type WatchEvent,
  type WatchOptions,
} from "./api.ts";
import type { Connection } from "./connection/connection.ts";
import type { Discovery } from "./discovery.ts";
import { refusal, watchRefusal } from "./connection/refusal.ts";
import { backOffMs, pause } from "./connection/retried.ts";

export interface WatchLimits {
  /**
   * How long a watch may say nothing before it counts as dead. The API server sends bookmarks about once a minute, but promises
   * none; ending a watch that is merely quiet costs one request.
   */
  readonly silenceMs?: number;
  /** When the API server is asked to end it, so that load moves between its replicas. */
  readonly lifeMs?: number;
  readonly firstMs?: number;
  readonly longestMs?: number;
  /** Characters of one event. */
  readonly longest?: number;
}

interface Parts {
  readonly line: Connection;
  readonly kinds: Discovery;
  readonly list: ClusterApi["list"];
  readonly log?: Log;
  readonly limits?: WatchLimits;
}

/**
 * Kubernetes API concepts, "Efficient detection of changes": from a resource version on, over bookmarks and dropped connections.
 * INVARIANT: no change is left out in silence: where the API server cannot go on, all that there is is told instead.
 */
export const watching = ({ line, kinds, list, log = silent, limits = {} }: Parts): ClusterApi["watch"] => {
  const { silenceMs = 90_000, lifeMs = 300_000, longest = 16_777_216 } = limits;
  const sparing = sparingLog(log, { perSecond: 0.1, burst: 10 });

  return async (kind, options, on) => {
    const { namespace, labelSelector, signal } = options;
    let from = options.from;
    let failures = 0;

    const told = (event: WatchEvent): void => {
      failures = 0;
      on(event);
    };
    const once = async (): Promise<void> => {
      const query = new URLSearchParams({
        watch: "1",
        allowWatchBookmarks: "true",
        resourceVersion: from,
        timeoutSeconds: String(Math.ceil((lifeMs * (1 + Math.random())) / 1000)),
      });
      if (labelSelector !== undefined) query.set("labelSelector", labelSelector);
      const path = `${await kinds.path(kind, { namespace }, signal)}?${query.toString()}`;
      const stream = await line.streamed({ method: "GET", path, signal }, silenceMs);
      const what = `watch of ${kind.apiVersion} ${kind.kind}`;
      if (stream.status !== 200) {
        const refused = refusal(what, { ...stream, body: await whole(stream.body) });
        if (refused.kind === "no-such-kind") kinds.forget(kind.apiVersion);
        throw refused;
      }
      for await (const text of lines(stream.body, longest)) {
        const event = eventIn(text);
        if (event.type === "ERROR") throw watchRefusal(what, event.object);
        const version = event.object.metadata?.resourceVersion;
        if (event.type !== "BOOKMARK")
          told({ type: event.type, object: { ...event.object, apiVersion: kind.apiVersion, kind: kind.kind } });
        if (version !== undefined && version !== "") from = version;
        failures = 0;
      }
    };
    const relisted = async (): Promise<void> => {
      const { items, resourceVersion } = await list(kind, listed(options));
      from = resourceVersion;
      on({ type: "RELISTED", items, resourceVersion });
    };

    for (let relist = false; ;) {
      const began = performance.now();
      try {
        signal.throwIfAborted();
        if (relist) await relisted();
        relist = false;
        await once();
        // The API server ends a watch when its time is up; one that it ends at once is not to be asked for in a loop.
        if (performance.now() - began > 1000) continue;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!(error instanceof ClusterError)) throw error;
        if (error.kind === "gone") relist = true;
        else if (!passing.includes(error.kind)) throw error;
        sparing({ level: "warn", event: "watch begun anew", kind: kindText(kind), reason: error.message });
        if (error.retryAfterMs !== undefined) await pause(error.retryAfterMs, signal);
      }
      failures += 1;
      await pause(backOffMs(failures, { firstMs: 200, longestMs: 30_000, ...limits }), signal);
    }
  };
};

const passing: readonly ClusterError["kind"][] = ["busy", "unreachable", "server"];

const kindText = ({ apiVersion, kind }: ObjectKind): string => `${apiVersion} ${kind}`;

const listed = ({ namespace, labelSelector, signal }: WatchOptions) => ({
  signal,
  ...(namespace === undefined ? {} : { namespace }),
  ...(labelSelector === undefined ? {} : { labelSelector }),
});

/** The last one may be half: whoever sent it died, and says it again. */
async function* lines(body: AsyncIterable<Buffer>, longest: number): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const pieces = decoder.decode(chunk, { stream: true }).split("\n");
    for (const piece of pieces.slice(0, -1)) {
      const line = [...parts, piece].join("");
      parts = [];
      length = 0;
      if (line.trim() !== "") yield line;
    }
    const rest = pieces.at(-1) ?? "";
    parts.push(rest);
    length += rest.length;
    if (length > longest)
      throw new ClusterError(`an event of a watch is longer than ${longest} characters`, { kind: "server" });
  }
}

interface Sent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: ClusterObject;
}

const types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];

const eventIn = (line: string): Sent => {
  try {
    const event = JSON.parse(line) as Sent | null;
    if (event !== null && typeof event.object === "object" && event.object !== null && types.includes(event.type))
      return event;
  } catch {
    // Told below.
  }
  throw new ClusterError("a watch told something that is no event", { kind: "server" });
};

const whole = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > 1_048_576) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
};
