import { totals } from "./flows.ts";
import { Traffic } from "./traffic.ts";

export interface PolledOptions {
  /** The admin port of each workload's proxy, as it is now. */
  readonly admins: () => ReadonlyMap<string, number>;
  /** After each round. */
  readonly told: (traffic: Traffic) => void;
}

const everyMs = 1000;
const patienceMs = 900;
const mostBytes = 8_000_000;

/** Asks all proxies each second what they have counted, until it is stopped. */
export const polled = ({ admins, told }: PolledOptions): { readonly stop: () => void } => {
  const traffic = new Traffic();
  const asked = async (proxy: string, port: number): Promise<void> => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      traffic.answered(proxy, totals(proxy, await bounded(response)), performance.now());
    } catch {
      traffic.unanswered(proxy);
    }
  };
  let isBusy = false;
  const round = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    const all = admins();
    traffic.keep(new Set(all.keys()));
    await Promise.all([...all].map(([proxy, port]) => asked(proxy, port)));
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
