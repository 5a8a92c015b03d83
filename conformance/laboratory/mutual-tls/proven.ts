import { decide } from "../../../lib/model/decide/index.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Case } from "../oracle/trials.ts";
import type { Counting, Encrypted } from "./counters.ts";
import type { Callee } from "./strict.ts";

/** A call that arrived at a strict workload through its caller's proxy, and who that is. */
interface Proven {
  readonly seen: Case;
  readonly callee: string;
  /** What the callee's proxy told its application of the caller. */
  readonly said: string;
  /** Whoever may have been the last to send it on. */
  readonly senders: readonly string[];
}

const provenBy = (mesh: Mesh, strict: readonly Callee[], seen: Case): readonly Proven[] => {
  const { call, observed } = seen;
  if (observed.kind !== "response" || observed.echo === undefined) return [];
  const { workload: callee, headers } = observed.echo;
  if (!strict.some(({ workload }) => workload.id === callee)) return [];
  const ends = decide({ client: mesh, server: mesh }, call).branches.flatMap((branch) => branch.ends);
  const senders = ends
    .filter(({ workloads }) => workloads.includes(callee))
    .map(({ treatments }) => treatments.at(-1)?.at ?? call.from);
  const said = headers.filter(([name]) => name === "x-forwarded-client-cert").map(([, value]) => value);
  return [{ seen, callee, said: said.join(" and "), senders: [...new Set(senders)] }];
};

/** Where a callee was not told exactly who called, and that it is itself. */
const untold = (mesh: Mesh, all: readonly Proven[]): readonly string[] => {
  const { workload } = lookup(mesh);
  return all.flatMap(({ seen, callee, said, senders }) => {
    const [by, uri] = ["By", "URI"].map((part) => new RegExp(`(?:^|;)${part}=([^;,]+)`).exec(said)?.[1]);
    const isTrue =
      !said.includes(",") &&
      by === workload(callee)?.identity &&
      senders.some((sender) => uri !== undefined && workload(sender)?.identity === uri);
    return isTrue
      ? []
      : [`${callee} was told of ${said || "nobody"}, sent on by ${senders.join(" or ")}: ${JSON.stringify(seen.call)}`];
  });
};

/** Calls that proxies carried to strict workloads: whether each shows its caller's true identity, and went encrypted. */
export const provenIdentities = async (
  mesh: Mesh,
  strict: readonly Callee[],
  cases: readonly Case[],
  lab: Laboratory,
  counting: Counting,
): Promise<{ readonly count: number; readonly wrong: readonly string[]; readonly planted: number }> => {
  const all = cases.flatMap((seen) => provenBy(mesh, strict, seen));
  const wrong = [...untold(mesh, all)];
  const once = new Map(all.map((one) => [one.callee, one.seen.call]));
  const before = new Map<string, Encrypted>();
  for (const { workload, pod } of strict) before.set(workload.id, await counting.carried(pod));
  for (const call of once.values()) {
    const [again] = await lab.send([{ call }]);
    const reached = again?.kind === "response" ? again.echo?.workload : undefined;
    if (reached === undefined) {
      wrong.push(`${JSON.stringify(call)} did not arrive a second time`);
      continue;
    }
    const carried = await counting.carried(lab.pod(reached), before.get(reached));
    const { handshake } = await counting.handshakes(lab.pod(reached));
    if (carried.encrypted === 0 || carried.all !== carried.encrypted || handshake === 0)
      wrong.push(
        `${reached} was called over ${carried.all} connections, ${carried.encrypted} of them encrypted, ${handshake} handshakes`,
      );
  }
  // Whoever is told of somebody else must be noticed.
  const lies = all.map((one) => ({
    ...one,
    said: one.said.replace(/URI=[^;,]+/, "URI=spiffe://cluster.local/ns/a/sa/liar"),
  }));
  return { count: all.length, wrong, planted: untold(mesh, lies).length };
};
