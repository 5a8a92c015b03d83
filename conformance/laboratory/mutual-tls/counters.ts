import type { Workload } from "../../rig/workload.ts";

const names = ["handshake", "fail_verify_no_cert", "fail_verify_error", "fail_verify_san"] as const;

/** What Envoy's inbound listener counts of TLS handshakes. */
export type Counter = (typeof names)[number];
/** Handshakes that were completed, and those that failed by reason where a proxy counts these. */
export type Counters = Readonly<{ handshake: number } & Partial<Record<Counter, number>>>;

/** What is known of connections to a callee, all of them and those that came over mTLS. */
export interface Encrypted {
  readonly all: number;
  readonly encrypted: number;
}

/** What the proxies of a plane say of mTLS. */
export interface Counting {
  readonly handshakes: (callee: Workload) => Promise<Counters>;
  /** Returns when nothing is left to count of calls that were given up; at once when absent. */
  readonly quiet?: (callee: Workload) => Promise<void>;
  /** What carried calls since `before`, which is what was carried then, or carries them still. */
  readonly carried: (callee: Workload, before?: Encrypted) => Promise<Encrypted>;
}

const statistics = async (callee: Workload, filter: string): Promise<readonly (readonly [string, number])[]> =>
  (await callee.admin(`/stats?filter=${encodeURIComponent(filter)}`)).split("\n").flatMap((line) => {
    const [name = "", value] = line.split(": ");
    return value === undefined ? [] : [[name, Number(value)] as const];
  });

const sum = (all: readonly (readonly [string, number])[], suffix: string): number =>
  all.reduce((total, [name, value]) => total + (name.endsWith(suffix) ? value : 0), 0);

const handshakes = async (callee: Workload): Promise<Counters> => {
  const all = await statistics(callee, `^listener\\..*15006\\.ssl\\.(${names.join("|")})$`);
  return Object.fromEntries(names.map((name) => [name, sum(all, `.ssl.${name}`)])) as Counters;
};

/** The connections that Envoy reads requests from at this moment, of those that arrive for its application. */
const openConnections = async (callee: Workload): Promise<Encrypted> => {
  const all = await statistics(callee, "^http\\.inbound.*\\.downstream_cx_(ssl_)?active$");
  return { all: sum(all, ".downstream_cx_active"), encrypted: sum(all, ".downstream_cx_ssl_active") };
};

/** What one did to the other: differences by name. */
export const growth = (before: Counters, after: Counters): Counters =>
  Object.fromEntries(
    names.flatMap((name) => {
      const [from, to] = [before[name], after[name]];
      return from === undefined || to === undefined ? [] : [[name, to - from]];
    }),
  ) as Counters;

// The caller's proxy keeps the connection that just carried a call.
export const envoyCounting: Counting = { handshakes, carried: openConnections };
