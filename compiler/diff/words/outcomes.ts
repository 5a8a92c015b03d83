import type { WorkloadId } from "../../../lib/graph/graph.ts";
import type { MeantEnd, MeantOutcome } from "../../../lib/model/decide/meaning.ts";
import { percentage, product, sum, type Fraction } from "../../../lib/model/fraction.ts";
import type { HeaderEffects } from "../../../lib/model/header-effects.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh } from "../../../lib/model/mesh.ts";
import type { RetryPolicy } from "../../../lib/model/route.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import { listed } from "./requests.ts";

type End = MeantEnd<HeaderEffects>;

/** Names as people who know the mesh say them. */
export interface Naming {
  /** Who calls: the service that a workload is behind, if just one, or the workload. */
  readonly caller: (id: WorkloadId | "outside") => string;
  /** What a workload serves, by the same name. */
  readonly servedBy: (id: WorkloadId) => string;
  /** `bookinfo/reviews`, or an external's host. */
  readonly place: (host: Host) => string;
  /** Of workloads behind a destination: the subset's name, or the workloads' own. */
  readonly part: (host: Host | undefined, workloads: readonly WorkloadId[]) => string;
}

export const naming = (before: Mesh, after: Mesh): Naming => {
  const found = (host: Host) => lookup(after).destination(host) ?? lookup(before).destination(host);
  const services = new Map<WorkloadId, Set<Host>>();
  for (const { destinations } of [before, after])
    for (const { host, workloads } of destinations)
      for (const id of workloads) services.set(id, (services.get(id) ?? new Set<Host>()).add(host));
  const servedBy = (id: WorkloadId): string => {
    const hosts = services.get(id);
    return hosts?.size === 1 ? names.place([...hosts][0]!) : id;
  };
  const names: Naming = {
    servedBy,
    caller: (id) => (id === "outside" ? "whoever is outside the mesh" : servedBy(id)),
    place: (host) => {
      const destination = found(host);
      const name = destination?.kind === "external" ? undefined : destination?.aliases.sameNamespace[0];
      return destination === undefined || name === undefined ? host : `${destination.namespace}/${name}`;
    },
    part: (host, workloads) => {
      const key = workloads.join();
      for (const mesh of [after, before]) {
        const destination = host === undefined ? undefined : lookup(mesh).destination(host);
        const subset = destination?.subsets.find((one) => [...one.workloads].sort().join() === key);
        if (subset && destination!.workloads.length > workloads.length) return subset.name;
        if (destination && [...destination.workloads].sort().join() === key) return "";
      }
      return listed(
        workloads.map((id) => id.split("/")[1] ?? id),
        "or",
      );
    },
  };
  return names;
};

export const isDelivered = ({ outcome }: End): boolean => outcome.kind === "delivered";

/** Whether a route itself responds to all of the calls: they reach nobody, and nobody refuses them. */
export const isDirect = (meaning: Effects): boolean =>
  meaning.every(({ ends }) => ends.every(({ outcome }) => outcome.kind === "answered" && outcome.body !== "own"));

export const someDelivered = (meaning: Effects): boolean => meaning.some(({ ends }) => ends.some(isDelivered));
export const allDelivered = (meaning: Effects): boolean => meaning.every(({ ends }) => ends.every(isDelivered));

/** Where calls end up, with their shares: `v1 90 %, v3 10 %`. `lane` is the destination that the caller named. */
export const distribution = (
  meaning: Effects,
  lane: Host | undefined,
  names: Naming,
): ReadonlyMap<string, Fraction> => {
  const shares = new Map<string, Fraction>();
  for (const { share, ends } of meaning) {
    const ways = new Map<string, Fraction>();
    for (const end of oneForEachPlace(ends)) ways.set(endLabel(end, lane, names), end.share);
    const [label, inner] =
      ways.size === 1 ? [...ways][0]! : [`either ${listed([...ways.keys()], "or")}`, { numerator: 1, denominator: 1 }];
    const before = shares.get(label);
    const part = product(share, inner);
    shares.set(label, before ? sum(before, part) : part);
  }
  return shares;
};

/** What is delivered to several workloads of one destination, however: one way to all of them. */
const oneForEachPlace = (ends: readonly End[]): readonly End[] => {
  const places = new Map<string, End>();
  for (const end of ends) {
    const { outcome } = end;
    const key = JSON.stringify(outcome.kind === "delivered" ? [outcome.to, outcome.port, end.share] : outcome);
    const known = places.get(key);
    const workloads = [...new Set([...(known?.workloads ?? []), ...end.workloads])].sort();
    places.set(key, { ...end, workloads });
  }
  return [...places.values()];
};

const endLabel = (end: End, lane: Host | undefined, names: Naming): string => {
  const { outcome, workloads } = end;
  if (outcome.kind !== "delivered") return outcomeLabel(outcome);
  const host = outcome.to === "as-dialled" ? undefined : outcome.to;
  const part = workloads.length === 0 ? "" : names.part(host ?? lane, workloads);
  if (host === undefined) return part === "" ? "the address dialled" : `${part}, as dialled`;
  if (host === lane) return part === "" ? "any workload" : part;
  return part === "" ? names.place(host) : `${names.place(host)} ${part}`;
};

const outcomeLabel = (outcome: MeantOutcome<HeaderEffects>): string => {
  if (outcome.kind === "delivered") return "delivered";
  const { by } = outcome;
  const who = by === "callee" ? "" : by === "caller" ? " by the caller's proxy" : ` by ${by}`;
  if (outcome.kind === "closed") return `connection closed${who}`;
  const words = outcome.body === "own" || outcome.body.text === "" ? "" : ` ${bodyWords(outcome.body.text)}`;
  return `answered ${outcome.status}${words}${who}${outcome.response.length === 0 ? "" : ` (${effectWords(outcome.response)})`}`;
};

/** A body as far as it fits into a line. */
const bodyWords = (text: string): string =>
  text.length <= 48 ? JSON.stringify(text) : `${JSON.stringify(`${text.slice(0, 40)}…`)} of ${text.length} characters`;

export const distributionWords = (shares: ReadonlyMap<string, Fraction>): string => {
  const [only] = [...shares.keys()];
  if (shares.size === 1) return only!;
  return [...shares].map(([label, share]) => `${label} ${percentage(share)}`).join(", ");
};

/** What changes between two distributions: `v2 10 % → 50 %`, or the whole of both where they have little in common. */
export const shiftWords = (before: ReadonlyMap<string, Fraction>, after: ReadonlyMap<string, Fraction>): string => {
  const labels = new Set([...before.keys(), ...after.keys()]);
  const gained = [...labels].filter((label) => part(after.get(label)) > part(before.get(label)));
  const common = [...labels].some((label) => before.has(label) && after.has(label));
  if (!common || (before.size === 1 && after.size === 1))
    return `${distributionWords(before)} → ${distributionWords(after)}`;
  return gained
    .map((label) => `${label} ${percentage(before.get(label) ?? zero)} → ${percentage(after.get(label)!)}`)
    .join(", ");
};

const zero: Fraction = { numerator: 0, denominator: 1 };
const part = (share: Fraction | undefined): number => (share === undefined ? 0 : share.numerator / share.denominator);

/** All that happens to calls, in a line. */
export const meaningWords = (meaning: Effects, lane: Host | undefined, names: Naming): string => {
  const [end] = meaning[0]?.ends ?? [];
  const treated = end === undefined || end.treatments.length === 0 ? "" : treatmentWords(end);
  const secured = end?.outcome.kind === "delivered" ? `, ${tlsWords(end.outcome.tls)}` : "";
  return `${distributionWords(distribution(meaning, lane, names))}${secured}${treated === "" ? "" : `, ${treated}`}`;
};

export const tlsWords = (tls: "none" | "mutual" | { readonly sni: string }): string =>
  tls === "none" ? "in plain text" : tls === "mutual" ? "over mTLS" : `over TLS as ${tls.sni}`;

/** The limits and retries of all proxies on the way. */
export const treatmentWords = ({ treatments }: End): string =>
  treatments.length === 0
    ? "no limits"
    : treatments
        .map(
          ({ at, timeout, retries }) =>
            `${at === "caller" ? "" : `at ${at} `}${timeout === "none" ? "no timeout" : `timeout ${timeout} ms`}, ${retryWords(retries)}`,
        )
        .join("; ");

export const retryWords = (retries: RetryPolicy | "none"): string =>
  retries === "none"
    ? "no retries"
    : `${retries.attempts} retr${retries.attempts === 1 ? "y" : "ies"}${retries.perTry === "none" ? "" : ` of ${retries.perTry} ms`} on ${[...retries.on.filter((word) => word !== "retriable-status-codes"), ...retries.statuses].join(", ")}`;

export const effectWords = (effects: HeaderEffects): string =>
  effects.length === 0
    ? "headers as they are"
    : effects
        .map(([name, { keeps, values }]) =>
          values.length === 0 ? `removes ${name}` : `${keeps ? "adds" : "sets"} ${name}: ${values.join(", ")}`,
        )
        .join(", ");
