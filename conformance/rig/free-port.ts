import { freePorts } from "../../runtime/local/free-ports.ts";

/** Nobody else counts up through these: not `up`, not the tests that count themselves. */
const [first, count] = [16_100, 3900];
const { isFree } = freePorts(first);
const given = new Set<number>();

/**
 * A port that nobody listens at just now, and that nobody is given who asks the system for any: those are from 32,768 on, where
 * nothing else is said. So it is free still when a program that is told of it comes to listen there.
 */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const port = first + Math.floor(Math.random() * count);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`of 1000 ports from ${first} on none is free`);
};
