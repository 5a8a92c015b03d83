import { join } from "node:path";
import { hostAndPort } from "../host-and-port.ts";
import { reasonOf, type Log } from "../log/log.ts";
import { sparingLog } from "../log/sparing-log.ts";
import type { ControlStatus, Taking } from "../proxy/source/control-status.ts";
import { watchedFile } from "../proxy/source/watched-file.ts";
import { backoffMs } from "./backoff.ts";
import { controlCredentials } from "./credentials.ts";
import { answer, firstRequest, told, type ProxyNode, type Told } from "./messages.ts";
import { stream, type Stream } from "./stream.ts";

export interface FollowedControlOptions {
  readonly control: { readonly address: string; readonly port: number };
  readonly node: ProxyNode;
  /** The folder that `mesh-control join` keeps. */
  readonly identity: string;
  readonly taking: Taking;
  readonly log: Log;
}

export interface FollowedControl {
  readonly status: () => ControlStatus;
  readonly close: () => Promise<void>;
}

/** A stream that lasted so long was a good one: what comes after it is no failure in a row. */
const goodMs = 10_000;

/**
 * Keeps one stream to a control plane, for ever: what it tells is put in force and acknowledged, or refused with the reason.
 * Whatever becomes of the stream takes nothing out of force. With each renewal of the identity it is opened anew, long before
 * the old certificate expires.
 */
export const followedControl = ({ control, node, identity, taking, log }: FollowedControlOptions): FollowedControl => {
  const sparing = sparingLog(log, { perSecond: 1, burst: 20 });
  const shown = hostAndPort(control);
  const counts = { taken: 0, refused: 0 };
  const now = (): string => new Date().toISOString();
  let state: Omit<ControlStatus, "address" | "counts"> = { connected: false, since: now(), reason: "not tried yet" };
  let current: Stream | undefined;
  const closing = new AbortController();
  let isRenewed = false;
  /** Ends a wait between attempts. */
  let hurry = (): void => undefined;
  let asksAgain: NodeJS.Timeout | undefined;
  /** What is told is dealt with one after the other. */
  let queue: Promise<void> = Promise.resolve();

  const connected = (): void => {
    if (state.connected) return;
    const { reason: _, ...others } = state;
    state = { ...others, connected: true, since: now() };
    sparing({ level: "info", event: "control plane connected", control: shown });
  };
  const disconnected = (reason: string): void => {
    if (reason !== state.reason)
      sparing({ level: "warn", event: "control plane not connected", control: shown, reason });
    state = { ...state, connected: false, since: state.connected ? now() : state.since, reason };
  };

  const dealtWith = async ({ nonce, configuration }: Told, from: Stream): Promise<void> => {
    if (configuration === "none") {
      sparing({ level: "warn", event: "no configuration", node: node.id, reason: "the placement has no such copy" });
      return from.say(answer(nonce));
    }
    const { version, text } = configuration;
    clearTimeout(asksAgain);
    try {
      await taking.taken(text);
    } catch (error) {
      const reason = reasonOf(error);
      counts.refused += 1;
      state = { ...state, refused: { version, reason } };
      sparing({ level: "error", event: "told configuration refused", version, reason });
      // Whoever has nothing yet may only have come too early, as where another process still has its ports. The control plane
      // does not say again what was refused, but to a new stream.
      if (state.version === undefined && !closing.signal.aborted)
        asksAgain = setTimeout(() => from.end("asking again for what was refused"), backoffMs(counts.refused)).unref();
      return from.say(answer(nonce, reason));
    }
    counts.taken += 1;
    const { refused: _, ...others } = state;
    state = { ...others, version };
    from.say(answer(nonce));
  };

  /** One stream from its beginning to its end; whether it was a good one. */
  const followed = async (): Promise<boolean> => {
    // What the stream before said may be on its way into force: it is not asked for twice.
    await queue;
    const held = state.version !== undefined && (await taking.stands()) ? state.version : undefined;
    // Last: whoever is renewed from here on is read again, or has a stream that can be ended.
    isRenewed = false;
    const credentials = await controlCredentials(identity, control.address);
    if (closing.signal.aborted || isRenewed) return false;
    const openedAt = performance.now();
    let hasHeard = false;
    const own = stream({
      target: control,
      credentials,
      connected,
      heard: (message) => {
        hasHeard = true;
        try {
          const said = told(message, node.workload);
          if (said !== undefined) queue = queue.then(() => dealtWith(said, own));
        } catch (error) {
          own.end(`what the control plane says is not understood: ${reasonOf(error)}`);
        }
      },
    });
    current = own;
    own.say(firstRequest(node, held));
    const reason = await own.ended;
    current = undefined;
    if (!closing.signal.aborted && !isRenewed) disconnected(reason);
    return hasHeard || performance.now() - openedAt > goodMs;
  };

  const running = (async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      isRenewed = false;
      try {
        if (await followed()) failures = 0;
      } catch (error) {
        disconnected(reasonOf(error));
      }
      if (closing.signal.aborted) return;
      if (isRenewed) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, backoffMs(failures));
        hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      failures += 1;
    }
  })();

  const noLonger = watchedFile(join(identity, "..data"), () => {
    isRenewed = true;
    current?.end("the identity was renewed");
    hurry();
  });

  return {
    status: () => ({ address: shown, ...state, counts: { ...counts } }),
    close: async () => {
      closing.abort();
      noLonger();
      current?.end("the proxy ends");
      hurry();
      await running;
      await queue;
      clearTimeout(asksAgain);
    },
  };
};
