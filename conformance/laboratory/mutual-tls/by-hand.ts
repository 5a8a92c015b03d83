import type { SpiffeId } from "../../../lib/model/selector.ts";
import { arrival } from "../../../lib/model/decide/journey.ts";
import type { HttpRequest } from "../../../lib/model/call.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { RigRequest, RigResponse } from "../../rig/agent/protocol.ts";
import { trustDomain, type Workload } from "../../rig/workload.ts";
import { growth, handshakes } from "./counters.ts";
import type { Paper, Papers } from "./papers.ts";
import type { Callee } from "./strict.ts";

/** What callers' proxies of a control plane say that they will speak inside of TLS. */
export interface Alpn {
  readonly http: readonly string[];
  readonly tcp: readonly string[];
}

/** How often somebody was let in, and how often somebody with a good certificate was told 403. */
export interface ByHand {
  readonly refused: number;
  readonly allowed: number;
  readonly forbidden: number;
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
  alpn: Alpn,
): Promise<ByHand> => {
  const { workload, pod } = callee;
  const port = callee.http ?? workload.ports[0]?.number;
  if (port === undefined) return { refused: 0, allowed: 0, forbidden: 0, wrong: [] };
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

  const wrong: string[] = [];
  const bad = await papers.bad(mesh.workloads[0]?.identity ?? workload.identity);
  for (const { name, paper, counter } of bad) {
    const before = await handshakes(pod);
    const { answer, delivered } = await dialled(paper);
    const grown = growth(before, await handshakes(pod));
    const refused =
      answer.kind === "error" &&
      !answer.reason.startsWith("no answer within") &&
      !delivered &&
      grown[counter] === 1 &&
      grown.handshake === 0;
    if (!refused)
      wrong.push(
        `${workload.id}:${port} with ${name}: ${told(answer)}, ${delivered ? "delivered" : "not delivered"}, ${JSON.stringify(grown)}`,
      );
  }
  let [allowed, forbidden] = [0, 0];
  if (callee.http !== undefined)
    for (const identity of callers(mesh)) {
      const before = await handshakes(pod);
      const { answer, delivered } = await dialled(await papers.good(identity));
      const { handshake } = growth(before, await handshakes(pod));
      const wanted = statusFor(mesh, callee, port, identity);
      if (wanted === 200) allowed += 1;
      else forbidden += 1;
      const status = answer.kind === "response" ? answer.status : undefined;
      if (status !== wanted || delivered !== (wanted === 200) || handshake !== 1)
        wrong.push(
          `${workload.id}:${port} as ${identity}: ${told(answer)} instead of ${wanted}, ${handshake} handshakes`,
        );
    }
  return { refused: bad.length, allowed, forbidden, wrong };
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
