import { expect, test } from "vitest";
import { boundaryCalls } from "../../golden/random/calls.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import { random } from "../../golden/random/random.ts";
import { editedHeaders } from "../../lib/model/edited-headers.ts";
import type { Call } from "../../lib/model/call.ts";
import { decide } from "../../lib/model/decide/index.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { servedHeaders, type Observed } from "../laboratory/oracle/observation.ts";
import { decidedAnswers, isOf, seenAnswer, type Answer } from "./answer.ts";
import { compared, stale, type Comparison, type Explanation, type Known } from "./comparison.ts";
import { asked, dataPlanes, identityOf, type CallRecord, type DataPlane, type PlaneRecord } from "./record.ts";
import { tableOf } from "./table.ts";

const seeds = [1, 22];
const unobserved = "nobody looked";

const questions = seeds.map((seed) => {
  const { mesh } = randomMesh(seed);
  return { name: `seed ${seed}`, seed, calls: boundaryCalls(mesh, 40, random(seed)).map((call) => asked(mesh, call)) };
});

/** As a system that does what was decided would leave it; the first call of each mesh is left out. */
const faithful = (plane: DataPlane): PlaneRecord => ({
  plane,
  run: "this",
  meshes: questions.map(({ name, seed, calls }) => ({
    name,
    seed,
    calls: calls.map((one, index) => {
      const [decided] = one.decided;
      const seen = "at" in decided! ? { ...decided, at: decided.at.slice(0, 1) } : decided!;
      return index === 0 ? { ...one, leftOut: unobserved } : { ...one, seen };
    }),
    played: [
      { name: "attempts", what: "answered with 503", decided: "503 after 3 attempts", seen: "503 after 3 attempts" },
    ],
    splits: 1,
  })),
});

const known: Known = {
  explanations: [],
  leaveOuts: [{ planes: dataPlanes, what: unobserved as "HTTP/2 and gRPC", why: "for the test" }],
};

const all = (changed: (record: PlaneRecord) => PlaneRecord = (record) => record): readonly PlaneRecord[] =>
  dataPlanes.map((plane) => changed(faithful(plane)));

/** One call of one plane's first mesh otherwise. */
const otherwise =
  (plane: DataPlane, isIt: (call: CallRecord) => boolean, changed: (call: CallRecord) => CallRecord) =>
  (record: PlaneRecord): PlaneRecord => {
    if (record.plane !== plane) return record;
    const [first, ...rest] = record.meshes;
    const at = first!.calls.findIndex(isIt);
    expect(at).toBeGreaterThan(-1);
    return { ...record, meshes: [{ ...first!, calls: first!.calls.with(at, changed(first!.calls[at]!)) }, ...rest] };
  };

const isRequest = (call: CallRecord): boolean => "seen" in call && call.seen.kind === "request";
const lie = (changes: object) => (call: CallRecord) =>
  ({ ...call, seen: { ...("seen" in call && call.seen), ...changes } }) as CallRecord;

const isSound = ({ disagreements, complaints }: Comparison): boolean =>
  disagreements.length === 0 && complaints.length === 0;

test("systems that do what was decided have one answer with it, each call of each mesh counted", () => {
  const found = compared(all(), known);
  expect(isSound(found)).toBe(true);
  expect(found.meshes.map(({ calls, four, disagreements }) => [calls, four, disagreements])).toEqual([
    [40, 39, 0],
    [40, 39, 0],
  ]);
  expect(found.kinds.reduce((sum, { planes }) => sum + planes.proxy.cases, 0)).toBe(78);
});

test.for([
  ["status", { status: 418 }],
  ["workload", { at: ["nowhere/else"] }],
  ["target", { target: "/elsewhere" }],
  ["request header", { headers: "x-canary: late" }],
  ["response header", { responseHeaders: "x-user: late" }],
  ["caller", { caller: "spiffe://cluster.local/ns/a/sa/liar" }],
  ["kind of answer", { kind: "silence" }],
] as const)("one plane that sees another %s disagrees, and all four are told", ([, changes]) => {
  for (const plane of dataPlanes) {
    const { disagreements, meshes } = compared(all(otherwise(plane, isRequest, lie(changes))), known);
    expect(disagreements).toHaveLength(1);
    expect(meshes.map((mesh) => mesh.disagreements)).toEqual([1, 0]);
    expect(disagreements[0]!.seen[plane]).toMatchObject(changes);
    expect(Object.keys(disagreements[0]!.seen)).toEqual(dataPlanes);
  }
});

test("a load balancer's choice is no disagreement", () => {
  const isChosen = ({ decided }: CallRecord): boolean => "at" in decided[0]! && decided[0].at.length > 1;
  const other = (call: CallRecord): CallRecord =>
    lie({ at: [(call.decided[0] as Answer & { at: string[] }).at.at(-1)] })(call);
  expect(isSound(compared(all(otherwise("xds", isChosen, other)), known))).toBe(true);
});

test("an explanation covers what it is about, and is refused where nothing is", () => {
  const wrong = all(otherwise("istio", isRequest, lie({ status: 418 })));
  const explanation: Explanation = {
    why: "istiod is a teapot",
    covers: ({ seen }) => "status" in seen.istio && seen.istio.status === 418,
  };
  const explained = compared(wrong, { ...known, explanations: [explanation] });
  expect(isSound(explained)).toBe(true);
  expect(explained.explained[0]!.met).toHaveLength(1);
  expect(compared(all(), { ...known, explanations: [explanation] }).complaints).toEqual([
    "nothing is explained by: istiod is a teapot",
  ]);
});

test("what is left out without an explanation is told, and an explanation by which nothing is left out", () => {
  const more = all(
    otherwise("proxy", isRequest, ({ call, kind, decided }) => ({ call, kind, decided, leftOut: "too hard" })),
  );
  expect(compared(more, known).complaints).toEqual(["proxy leaves calls out and nothing explains it: too hard"]);
  const idle = { planes: ["xds"], what: "HTTP/2 and gRPC", why: "for the test" } as const;
  expect(compared(all(), { ...known, leaveOuts: [...known.leaveOuts, idle] }).complaints).toEqual([
    "xds leaves nothing out as explained: HTTP/2 and gRPC",
  ]);
});

test("a retry too many is told, and a plane on which nobody tried", () => {
  const played = (
    plane: DataPlane,
    change: (record: PlaneRecord["meshes"][number]["played"]) => PlaneRecord["meshes"][number]["played"],
  ) =>
    all((record) =>
      record.plane === plane
        ? { ...record, meshes: record.meshes.map((mesh) => ({ ...mesh, played: change(mesh.played) })) }
        : record,
    );
  const more = played("istio", ([one]) => [{ ...one!, seen: "503 after 4 attempts" }]);
  expect(compared(more, known).complaints).toHaveLength(2);
  expect(
    compared(
      played("proxy", () => []),
      known,
    ).complaints[0],
  ).toMatch(/proxy did not play/);
});

test("records of other calls or of another meaning are stale, and so is one that is not there", () => {
  const identity = identityOf(questions);
  expect(stale(all(), identity)).toEqual([]);
  expect(stale(all().slice(1), identity)).toEqual(["there is no record of istio"]);
  const fewer = all((record) => (record.plane === "xds" ? { ...record, meshes: record.meshes.slice(1) } : record));
  expect(stale(fewer, identity)).toEqual([expect.stringMatching(/xds is stale/)]);
  const meantOtherwise = all(otherwise("proxy", isRequest, (call) => ({ ...call, decided: [{ kind: "closed" }] })));
  expect(stale(meantOtherwise, identity)).toEqual([expect.stringMatching(/proxy is stale/)]);
});

test("the page is the same for the same records, whatever chance chose, and says where they differ", async () => {
  const page = await tableOf(compared(all(), known));
  expect(await tableOf(compared(all().toReversed(), known))).toBe(page);
  expect(page).toContain("No answer differs");
  expect(await tableOf(compared(all(otherwise("xds", isRequest, lie({ status: 418 }))), known))).not.toBe(page);
});

/** As the ends of a rig would see a call that ends as decided. */
const asSeen = (mesh: Mesh, call: Call): Observed => {
  const { outcome, workloads, treatments } = decide({ client: mesh, server: mesh }, call).branches[0]!.ends[0]!;
  if (outcome.kind === "closed") return { kind: "failed", reason: "ECONNRESET" };
  const after = outcome.responseEdits;
  const headers = (from: typeof servedHeaders) => [...after.reduce(editedHeaders, from), ["date", "today"] as const];
  if (outcome.kind === "answered")
    return {
      kind: "response",
      status: outcome.status,
      headers: headers([]),
      body: outcome.body === "own" ? "denied" : outcome.body.text,
    };
  const [workload = "outside/world"] = workloads;
  if (outcome.request === "connection") return { kind: "connected", workload };
  const { method, target, host, headers: sent } = outcome.request;
  const sender = mesh.workloads.find(({ id }) => id === (treatments.at(-1)?.at ?? call.from));
  const proof = `By=spiffe://x;Hash=00;Subject="";URI=${sender?.identity}`;
  return {
    kind: "response",
    status: 200,
    headers: headers(servedHeaders),
    body: "",
    echo: {
      workload,
      port: outcome.port,
      method,
      target,
      headers: [
        ["host", host],
        ...sent,
        ["x-request-id", "1"],
        ...(outcome.tls === "mutual" ? [["x-forwarded-client-cert", proof] as const] : []),
      ],
      attempt: 1,
    },
  };
};

test("what two ends see of a call is one of the answers that were decided", () => {
  for (const seed of [1, 2, 3, 22, 29]) {
    const { mesh } = randomMesh(seed);
    for (const call of boundaryCalls(mesh, 80, random(seed))) {
      const seen = seenAnswer(asSeen(mesh, call));
      expect(
        decidedAnswers(mesh, call).some((one) => isOf(one, seen)),
        JSON.stringify([call, seen]),
      ).toBe(true);
    }
  }
});

test("no answer in time is not a closed connection", () => {
  expect(isOf({ kind: "closed" }, seenAnswer({ kind: "failed", reason: "no answer within 10000 ms" }))).toBe(false);
  expect(isOf({ kind: "closed" }, seenAnswer({ kind: "failed", reason: "ECONNRESET" }))).toBe(true);
});
