import type { Workload } from "../../rig/workload.ts";

const names = ["handshake", "fail_verify_no_cert", "fail_verify_error", "fail_verify_san"] as const;

/** What Envoy's inbound listener counts of TLS handshakes. */
export type Counter = (typeof names)[number];
export type Counters = Readonly<Record<Counter, number>>;

const statistics = async (callee: Workload, filter: string): Promise<readonly (readonly [string, number])[]> =>
  (await callee.admin(`/stats?filter=${encodeURIComponent(filter)}`)).split("\n").flatMap((line) => {
    const [name = "", value] = line.split(": ");
    return value === undefined ? [] : [[name, Number(value)] as const];
  });

const sum = (all: readonly (readonly [string, number])[], suffix: string): number =>
  all.reduce((total, [name, value]) => total + (name.endsWith(suffix) ? value : 0), 0);

export const handshakes = async (callee: Workload): Promise<Counters> => {
  const all = await statistics(callee, `^listener\\..*15006\\.ssl\\.(${names.join("|")})$`);
  return Object.fromEntries(names.map((name) => [name, sum(all, `.ssl.${name}`)])) as Counters;
};

/** The connections that Envoy reads requests from at this moment, of those that arrive for its application. */
export const openConnections = async (
  callee: Workload,
): Promise<{ readonly all: number; readonly encrypted: number }> => {
  const all = await statistics(callee, "^http\\.inbound.*\\.downstream_cx_(ssl_)?active$");
  return { all: sum(all, ".downstream_cx_active"), encrypted: sum(all, ".downstream_cx_ssl_active") };
};

/** What one did to the other: differences by name. */
export const growth = (before: Counters, after: Counters): Counters =>
  Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Counters;
