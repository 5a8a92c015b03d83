import { connect } from "node:net";

/** What one client saw after it sent its bytes. */
export interface Answers {
  /** Final ones, in their order. */
  readonly statuses: readonly number[];
  readonly closed: boolean;
}

export interface Patience {
  /** Answers after which nothing more is expected; without it, until it is quiet. */
  readonly answers?: number;
  /** After the last of them: what comes then is one too many. */
  readonly graceMs: number;
  /** Without anything new. */
  readonly quietMs: number;
}

/** Sends all bytes at once and listens; the connection stays open meanwhile, for to some an end takes back what was asked. */
export const sent = (port: number, bytes: Buffer, { answers, graceMs, quietMs }: Patience): Promise<Answers> =>
  new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setNoDelay(true);
    const statuses = (): readonly number[] =>
      [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)]
        .map(([, status]) => Number(status))
        .filter((status) => status >= 200);
    const done = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ statuses: statuses(), closed });
    };
    const waiting = (): number => (answers !== undefined && statuses().length >= answers ? graceMs : quietMs);
    let timer = setTimeout(() => done(false), waiting());
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(() => done(false), waiting());
    });
    // A peer that refuses may reset the connection under bytes that it has not read.
    socket.on("error", () => undefined);
    socket.on("close", () => done(true));
  });
