import type { SpiffeId } from "../../../lib/model/selector.ts";
import { arrival } from "../../../lib/model/decide/journey.ts";
import type { HttpRequest } from "../../../lib/model/call.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { RigRequest, RigResponse } from "../../rig/agent/protocol.ts";
import { trustDomain, type Workload } from "../../rig/workload.ts";
import { growth, type Counting } from "./counters.ts";
import type { BadPaper, Paper, Papers } from "./papers.ts";
import type { Callee } from "./strict.ts";

/** What callers' proxies of a control plane say that they will speak inside of TLS. */
export interface Alpn {
  readonly http: readonly string[];
  readonly tcp: readonly string[];
}

/** What is particular to the proxies of a plane. */
export interface Speaking {
  readonly alpn: Alpn;
  readonly counting: Counting;
}

/** How often somebody was let in, and how often somebody with a good certificate was told 403. */
export interface ByHand {
  readonly refused: number;
  readonly allowed: number;
  readonly forbidden: number;
  /** How often it was noticed that a good certificate stood among the bad ones. */
  readonly planted: number;
  readonly wrong: readonly string[];
}

let serial = 0;
const request: HttpRequest = { method: "GET", target: "/", host: "by.hand", headers: [] };

/** Calls a strict workload with TLS by hand, with bad certificates and good ones; what must come of it is `arrival`'s to say. */
export const byHand = async (
  mesh: Mesh,
  callee: Callee,
  caller: Workload,
  papers: Papers,
  { alpn, counting }: Speaking,
): Promise<ByHand> => {
  const { workload, pod } = callee;
  const port = callee.http ?? workload.ports[0]?.number;
  if (port === undefined) return { refused: 0, allowed: 0, forbidden: 0, planted: 0, wrong: [] };
  const dialled = async (
    own: Paper | undefined,
  ): Promise<{ readonly answer: RigResponse; readonly delivered: boolean }> => {
    serial += 1;
    const id = `by-hand-${serial}`;
    const sent: RigRequest = {
      to: pod.address,
      port,
      method: request.method,
      target: request.target,
      headers: [
        ["host", request.host],
        ["x-rig-id", id],
      ],
      timeoutMs: 5000,
      tls: {
        ...(own && { own }),
        roots: papers.roots,
        peer: workload.identity,
        alpn: callee.http === undefined ? alpn.tcp : alpn.http,
      },
    };
    const [answer] = await caller.send([sent]);
    return { answer: answer!, delivered: (await pod.attempts())[id] !== undefined };
  };

  /** What is wrong with how a certificate was refused that must be. */
  const unrefused = async ({ name, paper, counter }: BadPaper): Promise<readonly string[]> => {
    const before = await counting.handshakes(pod);
    const { answer, delivered } = await dialled(paper);
    const grown = growth(before, await counting.handshakes(pod));
    const refused =
      answer.kind === "error" &&
      !answer.reason.startsWith("no answer within") &&
      !delivered &&
      (grown[counter] ?? 1) === 1 &&
      grown.handshake === 0;
    const arrived = delivered ? "delivered" : "not delivered";
    return refused
      ? []
      : [`${workload.id}:${port} with ${name}: ${told(answer)}, ${arrived}, ${JSON.stringify(grown)}`];
  };
  await counting.quiet?.(pod);
  const as = mesh.workloads[0]?.identity ?? workload.identity;
  const bad = await papers.bad(as);
  const wrong: string[] = [];
  for (const one of bad) wrong.push(...(await unrefused(one)));
  const lie: BadPaper = { name: "a good certificate", paper: await papers.good(as), counter: "fail_verify_error" };
  const planted = (await unrefused(lie)).length;
  let [allowed, forbidden] = [0, 0];
  if (callee.http !== undefined)
    for (const identity of callers(mesh)) {
      const before = await counting.handshakes(pod);
      const { answer, delivered } = await dialled(await papers.good(identity));
      const { handshake } = growth(before, await counting.handshakes(pod));
      const wanted = statusFor(mesh, callee, port, identity);
      if (wanted === 200) allowed += 1;
      else forbidden += 1;
      const status = answer.kind === "response" ? answer.status : undefined;
      if (status !== wanted || delivered !== (wanted === 200) || handshake !== 1)
        wrong.push(
          `${workload.id}:${port} as ${identity}: ${told(answer)} instead of ${wanted}, ${handshake} handshakes`,
        );
    }
  return { refused: bad.length, allowed, forbidden, planted, wrong };
};

/** Every identity of the mesh, and one that its authority vouches for and nobody has heard of. */
const callers = (mesh: Mesh): readonly SpiffeId[] => [
  ...new Set([...mesh.workloads.map(({ identity }) => identity), `spiffe://${trustDomain}/ns/nowhere/sa/nobody`]),
];

const statusFor = (mesh: Mesh, { workload }: Callee, port: number, caller: SpiffeId): number => {
  const [branch] = arrival({ client: mesh, server: mesh, hops: 0 }, workload.id, {
    port,
    caller,
    tls: true,
    request,
    to: "as-dialled",
  });
  const outcome = branch?.ends[0]?.outcome;
  return outcome?.kind === "answered" ? outcome.status : outcome?.kind === "delivered" ? 200 : 0;
};

const told = (answer: RigResponse): string => (answer.kind === "error" ? answer.reason : `${answer.status}`);
