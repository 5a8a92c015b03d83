import type { Call } from "../../lib/model/call.ts";
import type { Decision, End } from "../../lib/model/decide/decision.ts";
import { decide } from "../../lib/model/decide/index.ts";
import { deliveredRequest, meaningOf } from "../../lib/model/decide/meaning.ts";
import { editedHeaders } from "../../lib/model/edited-headers.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { binomialTest } from "../laboratory/oracle/binomial.ts";
import { servedHeaders } from "../laboratory/oracle/observation.ts";

/** How two meshes that decide a call differently can be told apart by those at its two ends. */
export type Evidence =
  /** Whatever is seen of one request under one of the meshes cannot be seen under the other. */
  | "one request"
  /** Some of what is seen is the same; many requests tell. */
  | "many requests"
  /** As before, but the shares lie too close for `requestsPerWitness`. */
  | "shares too close"
  /** Only time limits and retries differ: `conformance/istio` plays those. */
  | "treatment only"
  /** Only what neither end sees: which proxy refused, what a refusal's headers are, by which name the server was chosen. */
  | "the same at both ends";

export const requestsPerWitness = 400;
/** A correct share is taken for wrong with at most this probability; a run makes a few hundred such tests. */
export const refusedBelow = 1e-9;
/** What is seen this often under one mesh and never under the other is missed by all requests with less than 10⁻⁹. */
const seenSurely = 0.051;

interface Share {
  readonly share: number;
  /** A route says so; where a load balancer chooses, the share is only about right. */
  readonly isExact: boolean;
}

export const evidenceFor = (before: Mesh, after: Mesh, call: Call): Evidence => {
  const [from, into] = [decided(before, call), decided(after, call)];
  const [a, b] = [shares(from, sightingsOf), shares(into, sightingsOf)];
  if (![...a.keys()].some((sighting) => b.has(sighting))) return "one request";
  if (!isSame(a, b)) {
    const only = [...a, ...b].filter(([sighting]) => !(a.has(sighting) && b.has(sighting)));
    const [here, there] = [placeShares(before, call), placeShares(after, call)];
    const isTold =
      only.some(([, { share }]) => share >= seenSurely) ||
      [...here].some(([place, share]) => there.has(place) && !isConfusable(share, there.get(place)!));
    return isTold ? "many requests" : "shares too close";
  }
  return untreated(from) === untreated(into) ? "treatment only" : "the same at both ends";
};

/** How much of a call's requests each workload must get, where routes say so exactly. */
export const placeShares = (mesh: Mesh, call: Call): ReadonlyMap<string, number> =>
  new Map(
    [...shares(decided(mesh, call), placesOf)].flatMap(([place, { share, isExact }]) =>
      isExact ? [[place, share] as const] : [],
    ),
  );

const decided = (mesh: Mesh, call: Call): Decision => decide({ client: mesh, server: mesh }, call);

const shares = ({ branches }: Decision, seenOf: (end: End) => readonly string[]): ReadonlyMap<string, Share> => {
  const all = new Map<string, Share>();
  for (const { share, ends } of branches) {
    // Ends stand side by side where a load balancer chooses among as many ways as their shares add up to.
    const ways = ends.reduce((sum, end) => sum + ratio(end.share), 0);
    for (const end of ends) {
      const seen = seenOf(end);
      for (const one of seen) {
        const known = all.get(one) ?? { share: 0, isExact: true };
        const part = (ratio(share) * ratio(end.share)) / ways / seen.length;
        all.set(one, { share: known.share + part, isExact: known.isExact && seen.length === 1 && ends.length === 1 });
      }
    }
  }
  return all;
};

const ratio = ({ numerator, denominator }: End["share"]): number => numerator / denominator;

/** What can be seen of an end from both sides of the mesh, one text for each workload that may be reached. */
const sightingsOf = (end: End): readonly string[] => {
  const { outcome } = end;
  if (outcome.kind === "closed") return ["closed"];
  if (outcome.kind === "answered") return [String(outcome.status)];
  const request = outcome.request === "connection" ? outcome.request : deliveredRequest(outcome.request);
  const response =
    outcome.request === "connection"
      ? []
      : outcome.responseEdits
          .reduce((headers, edits) => editedHeaders(headers, edits), servedHeaders)
          .map((line) => line.join(": "))
          .sort();
  return placesOf(end).map((place) => JSON.stringify([place, outcome.port, request, response]));
};

const placesOf = ({ outcome, workloads }: End): readonly string[] =>
  outcome.kind !== "delivered" ? ["nowhere"] : workloads.length > 0 ? workloads : ["outside"];

const isSame = (a: ReadonlyMap<string, Share>, b: ReadonlyMap<string, Share>): boolean =>
  a.size === b.size && [...a].every(([seen, { share }]) => Math.abs((b.get(seen)?.share ?? -1) - share) < 1e-12);

const untreated = (decision: Decision): string =>
  JSON.stringify(
    meaningOf({
      branches: decision.branches.map((branch) => ({
        ...branch,
        ends: branch.ends.map((end) => ({ ...end, treatments: [] })),
      })),
    }),
  );

/** Whether some count of hits would be believed of both shares. */
const isConfusable = (a: number, b: number): boolean => {
  for (let hits = 0; hits <= requestsPerWitness; hits += 1)
    if ([a, b].every((share) => binomialTest(hits, requestsPerWitness, share) >= refusedBelow)) return true;
  return false;
};
