import type { Total } from "./flows.ts";
import { Traffic } from "./traffic.ts";

/** Where a proxy says what it has counted, and how that is read. */
export interface ProxyCounts {
  readonly url: string;
  readonly totals: (text: string) => readonly Total[];
}

export interface PolledOptions {
  /** Of each workload's proxy, as they are now. */
  readonly counts: () => ReadonlyMap<string, ProxyCounts>;
  /** After each round. */
  readonly told: (traffic: Traffic) => void;
}

const everyMs = 1000;
const patienceMs = 900;
const mostBytes = 8_000_000;

/** Asks all proxies each second what they have counted, until it is stopped. */
export const polled = ({ counts, told }: PolledOptions): { readonly stop: () => void } => {
  const traffic = new Traffic();
  const asked = async (proxy: string, { url, totals }: ProxyCounts): Promise<void> => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      traffic.answered(proxy, totals(await bounded(response)), performance.now());
    } catch {
      traffic.unanswered(proxy);
    }
  };
  let isBusy = false;
  const round = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    const all = counts();
    traffic.keep(new Set(all.keys()));
    await Promise.all([...all].map(([proxy, one]) => asked(proxy, one)));
    isBusy = false;
    told(traffic);
  };
  void round();
  const timer = setInterval(() => void round(), everyMs);
  return { stop: () => clearInterval(timer) };
};

const bounded = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > mostBytes) throw new Error("too much");
  }
  return text;
};
