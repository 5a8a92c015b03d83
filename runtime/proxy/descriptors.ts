import { readFileSync } from "node:fs";

/** How many files and sockets this process may have; what is usual where the system does not say. */
export const descriptorLimit = (): number => {
  try {
    const line = readFileSync("/proc/self/limits", "latin1")
      .split("\n")
      .find((one) => one.startsWith("Max open files"));
    const [soft] = (line ?? "").slice("Max open files".length).trimStart().split(" ");
    return soft === "unlimited" ? Infinity : Number(soft) || usual;
  } catch {
    return usual;
  }
};

const usual = 1024;

/** For those who look (`/healthz`), for the log and for what listens. */
const reserve = 256;

/** How many callers there may be: each may need an endpoint, and endpoints have connections that wait besides. */
export const callersWithin = (descriptors: number): number =>
  Math.max(1, Math.floor(((descriptors - Math.min(reserve, descriptors / 2)) * 2) / 5));
