/** Runs inside a pod as its application: lanes of requests until it is told to end, one line for each request. */
import { appendFileSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface CallerOptions {
  /** Where the lines go. */
  readonly out: string;
  readonly calls: readonly SentCall[];
  /** Connections that are kept, and lanes that open one for each request. */
  readonly kept: number;
  readonly fresh: number;
  /** Between two requests of a lane. */
  readonly pauseMs: number;
  /** Headers that are no part of what is compared. */
  readonly ignored: readonly string[];
}

export interface SentCall {
  readonly to: string;
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What a caller writes: a request, or something that was seen for the first time and has this number from then on. */
export type CallerLine =
  | readonly [
      kind: "request",
      begun: number,
      ended: number,
      call: number,
      seen: number,
      lane: string,
      connection: number,
      peer: string,
    ]
  | readonly [kind: "seen", number: number, what: Seen];

export type Seen =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly echo: SeenEcho | undefined;
      /** Where no server of the rig answered. */
      readonly body: string | undefined;
    }
  | { readonly kind: "failed"; readonly reason: string };

export interface SeenEcho {
  readonly workload: string;
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
}

interface Answer {
  readonly seen: Seen;
  /** The connection's port on this side. */
  readonly connection: number;
  /** Who connected to the server, in its eyes. */
  readonly peer: string;
}

const options = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as CallerOptions;
const ignored = new Set(options.ignored);
const now = (): number => performance.timeOrigin + performance.now();

const comparable = (headers: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] =>
  headers.map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => !ignored.has(name));

const pairs = (flat: readonly string[]): readonly (readonly [string, string])[] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""] as const] : []));

const answered = (call: SentCall, agent: Agent | false): Promise<Answer> =>
  new Promise((resolve) => {
    let connection = 0;
    const failed = (error: Error & { readonly code?: string }): void =>
      resolve({ seen: { kind: "failed", reason: error.code ?? error.message }, connection, peer: "" });
    const sent = request(
      {
        host: call.to,
        port: call.port,
        method: call.method,
        path: call.target,
        headers: call.headers.flat(),
        agent,
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", failed);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const isEcho = text.startsWith('{"workload":');
          const echo = isEcho ? (JSON.parse(text) as SeenEcho & { readonly remote: string }) : undefined;
          resolve({
            seen: {
              kind: "response",
              status: response.statusCode ?? 0,
              headers: comparable(pairs(response.rawHeaders)),
              echo: echo && {
                workload: echo.workload,
                port: echo.port,
                method: echo.method,
                target: echo.target,
                headers: comparable(echo.headers),
              },
              body: isEcho ? undefined : text.slice(0, 200),
            },
            connection,
            peer: echo?.remote ?? "",
          });
        });
      },
    );
    sent.on("socket", (socket) => {
      connection = socket.localPort ?? 0;
      socket.once("connect", () => (connection = socket.localPort ?? 0));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 20 s")));
    sent.on("error", failed);
    sent.end();
  });

let lines: CallerLine[] = [];
const known = new Map<string, number>();
const numberOf = (seen: Seen): number => {
  const key = JSON.stringify(seen);
  const before = known.get(key);
  if (before !== undefined) return before;
  known.set(key, known.size);
  lines.push(["seen", known.size - 1, seen]);
  return known.size - 1;
};
const written = (): void => {
  if (lines.length > 0) appendFileSync(options.out, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  lines = [];
};

const over = new AbortController();
const lane = async (name: string, offset: number, agent: Agent | false): Promise<void> => {
  await sleep(Math.random() * options.pauseMs);
  for (let turn = offset; !over.signal.aborted; turn += 1) {
    const index = turn % options.calls.length;
    const begun = now();
    const { seen, connection, peer } = await answered(options.calls[index] as SentCall, agent);
    lines.push(["request", begun, now(), index, numberOf(seen), name, connection, peer]);
    await sleep(options.pauseMs);
  }
};

const lanes = [
  ...Array.from({ length: options.kept }, (_, index) =>
    // To each place one connection, kept for as long as the other side lets it.
    lane(`kept ${index}`, index, new Agent({ keepAlive: true, maxSockets: 1 })),
  ),
  ...Array.from({ length: options.fresh }, (_, index) => lane(`fresh ${index}`, index, false)),
];
const timer = setInterval(written, 500);
process.once("SIGTERM", () => {
  over.abort();
  void Promise.all(lanes).then(() => {
    clearInterval(timer);
    written();
    process.exit(0);
  });
});
