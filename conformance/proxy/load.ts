import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Answer {
  /** Of HTTP; in words where none came. */
  readonly status: string;
  readonly body: string;
}

export interface Load {
  /** In the order in which they came; grows. */
  readonly answers: readonly Answer[];
  /** Asks no more, and waits for what was asked. */
  readonly stop: () => Promise<void>;
}

/** Requests at a steady rate to a port of this machine, whatever becomes of them. */
export const load = (
  port: number,
  { host, perSecond }: { readonly host: string; readonly perSecond: number },
): Load => {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const answers: Answer[] = [];
  const state = { open: 0 };
  const over = (status: string, body = ""): void => {
    state.open -= 1;
    answers.push({ status, body });
  };
  const timer = setInterval(() => {
    state.open += 1;
    get({ host: "127.0.0.1", port, agent, headers: { host } }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("error", (error) => over(error.message));
      response.on("end", () => over(String(response.statusCode), body));
    }).on("error", (error) => over(error.message));
  }, 1000 / perSecond);
  return {
    answers,
    stop: async () => {
      clearInterval(timer);
      for (const until = Date.now() + 10_000; state.open > 0 && Date.now() < until;) await sleep(20);
      agent.destroy();
    },
  };
};
