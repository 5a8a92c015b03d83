import { createServer } from "node:net";

/** Ports of this machine for as long as a mesh runs on it: whoever asks again for the same gets the same. */
export interface FreePorts {
  readonly of: (purpose: string) => Promise<number>;
  /** Whether anybody could listen there now. */
  readonly isFree: (port: number) => Promise<boolean>;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });

/** Counts up from a number and leaves out what is taken, so that the same mesh mostly has the same ports. */
export const freePorts = (from: number): FreePorts => {
  const given = new Map<string, Promise<number>>();
  let next = from;
  let queue: Promise<unknown> = Promise.resolve();
  const found = async (): Promise<number> => {
    for (; next <= 65_535; next += 1) if (await isFree(next)) return next++;
    throw new Error(`no port from ${from} on is free`);
  };
  return {
    of: (purpose) => {
      const known = given.get(purpose) ?? ((queue = queue.then(found)) as Promise<number>);
      given.set(purpose, known);
      return known;
    },
    isFree,
  };
};
