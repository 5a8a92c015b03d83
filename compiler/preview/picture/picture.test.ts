import { join } from "node:path";
import { expect, test } from "vitest";
import { boundaryCalls } from "../../../golden/random/calls.ts";
import { randomMesh } from "../../../golden/random/mesh.ts";
import { meshesOf, randomPair, type RandomPair } from "../../../golden/random/pair.ts";
import { random } from "../../../golden/random/random.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { Call } from "../../../lib/model/call.ts";
import { decide } from "../../../lib/model/decide/index.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { Decided } from "../../../lib/requests/decided/decided.ts";
import { namesOf } from "../../../lib/model/callable.ts";
import { Space } from "../../../lib/requests/space.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import { compile } from "../../pipeline.ts";
import { meshChanges } from "../../diff/index.ts";
import type { ShownDiff } from "../diff/shown-diff.ts";
import { page } from "../page/page.ts";
import type { Picture, PictureEdge } from "../page/picture.ts";
import { comparisonPicture, meshPicture } from "./index.ts";
import { outside } from "./places.ts";

const example = join(import.meta.dirname, "..", "..", "..", "policies", "bookinfo");

const compiledExample = async (): Promise<Mesh> => {
  const { value } = await compile(example, { types: false });
  if (value === undefined) throw new Error("the example compiles");
  return value.mesh;
};

const unchanged: ShownDiff = {
  base: "base",
  head: "head",
  environment: undefined,
  summary: [],
  changes: [],
  refused: [],
  notes: [],
};

/** What a diff shows, without the places in the sources: random meshes have none. */
const shown = ({ before, after }: RandomPair): ShownDiff => {
  const { summary, changes } = meshChanges(before, after);
  return {
    ...unchanged,
    summary,
    changes: changes.map((change) => ({
      ...change,
      witness: change.witness && { call: change.witness, command: "mesh-compile explain" },
      causes: [],
    })),
  };
};

const edgeBetween = ({ edges, nodes }: Picture, from: string, to: string): PictureEdge | undefined => {
  const named = (id: string): string | undefined => nodes.find((node) => node.id === id)?.name;
  return edges.find((edge) => named(edge.from) === from && named(edge.to) === to);
};

/** The node that a caller is at: the one service that it is behind, or itself. */
const nodeOf = (mesh: Mesh, id: string): string => {
  const behind = mesh.destinations.filter(({ workloads }) => workloads.includes(id));
  return behind.length === 1 ? behind[0]!.host : id;
};

/** What is said of a call, if the picture speaks of it: of who dials what it names. */
const edgeOf = (mesh: Mesh, { edges }: Picture, { from, to, port, request }: Call): PictureEdge | undefined => {
  if (from === "outside" || to.kind !== "destination") return undefined;
  const [caller, destination] = [lookup(mesh).workload(from)!, lookup(mesh).destination(to.host)!];
  const servicePort = destination.ports.find(({ number }) => number === port);
  if (servicePort === undefined) return undefined;
  const names = namesOf(destination, caller.namespace);
  const isNamed = request !== "connection" && names.includes(request.host.toLowerCase().replace(/:\d+$/, ""));
  if (carriesHttp(servicePort.protocol) ? !isNamed : request !== "connection") return undefined;
  return edges.find((edge) => edge.from === nodeOf(mesh, from) && edge.to === to.host && edge.port === port);
};

/** How what is delivered of a call arrives, and whether all and some of it is. */
const fate = (mesh: Mesh, call: Call) => {
  const ends = decide({ client: mesh, server: mesh }, call).branches.flatMap((branch) => branch.ends);
  const delivered = ends.flatMap(({ outcome }) => (outcome.kind === "delivered" ? [outcome] : []));
  return { all: delivered.length === ends.length, some: delivered.length > 0, delivered };
};

const isToGateway = (mesh: Mesh, host: string): boolean =>
  (lookup(mesh).destination(host)?.workloads ?? []).some((id) => lookup(mesh).workload(id)?.proxy === "gateway");

const marksHold = (mesh: Mesh, edge: PictureEdge, call: Call): void => {
  const { all, some, delivered } = fate(mesh, call);
  if (edge.access === "allowed") expect([all, call]).toEqual([true, call]);
  if (edge.access === "denied") expect([some, call]).toEqual([false, call]);
  if (isToGateway(mesh, edge.to) || edge.mtls === "mixed") return;
  const kinds = new Set(delivered.map(({ tls }) => (tls === "mutual" ? tls : tls === "none" ? "plain" : "originated")));
  for (const kind of kinds) expect([kind, call]).toEqual([edge.mtls, call]);
};

test("bookinfo: who calls whom, how, and with what success", async () => {
  const picture = meshPicture(await compiledExample(), "bookinfo");
  expect(picture.nodes.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    "external www.googleapis.com",
    "gateway istio-ingress",
    "outside Outside",
    "service details",
    "service productpage",
    "service ratings",
    "service reviews",
  ]);
  expect(edgeBetween(picture, "productpage", "reviews")).toMatchObject({
    protocol: "HTTP",
    port: 9080,
    mtls: "mutual",
    access: "partly",
    split: [
      { label: "v1", share: "50 %", fraction: 0.5 },
      { label: "v3", share: "50 %", fraction: 0.5 },
    ],
  });
  expect(edgeBetween(picture, "details", "www.googleapis.com")).toMatchObject({
    mtls: "originated",
    access: "allowed",
  });
  expect(edgeBetween(picture, "Outside", "istio-ingress")).toMatchObject({ mtls: "plain", access: "partly" });
  expect(edgeBetween(picture, "istio-ingress", "productpage")).toMatchObject({ mtls: "mutual", access: "partly" });
  expect(edgeBetween(picture, "details", "reviews")).toBeUndefined();
  const reviews = picture.nodes.find(({ name }) => name === "reviews")!;
  expect(Object.fromEntries(reviews.facts.map(({ title, after }) => [title, after]))).toMatchObject({
    "Who may call": ["bookinfo/productpage: GET on port 9080"],
    mTLS: ["strict"],
    Scope: ["bookinfo/ratings"],
  });
});

const seeds = Array.from({ length: 100 }, (_, seed) => seed);

const isWhole = ({ nodes, edges }: Picture): void => {
  const ids = new Set(nodes.map(({ id }) => id));
  expect(ids.size).toBe(nodes.length);
  expect(new Set(edges.map(({ id }) => id)).size).toBe(edges.length);
  for (const { from, to } of edges) expect([from, to].filter((id) => !ids.has(id))).toEqual([]);
};

test("access and mTLS of an edge are what `decide` says of calls on it", () => {
  let held = 0;
  for (const seed of seeds) {
    const { mesh } = randomMesh(seed);
    const picture = meshPicture(mesh, "random");
    isWhole(picture);
    for (const call of boundaryCalls(mesh, 100, random(seed))) {
      const edge = edgeOf(mesh, picture, call);
      if (edge === undefined) continue;
      marksHold(mesh, edge, call);
      held += 1;
    }
  }
  expect(held).toBeGreaterThan(1000);
});

test("what is partly let through is let through for one request and refused for another", () => {
  for (const seed of seeds.slice(0, 40)) {
    const { mesh } = randomMesh(seed);
    const space = new Space(mesh.platform.pathNormalization);
    const decided = new Decided(mesh, space);
    for (const edge of meshPicture(mesh, "random").edges) {
      const callers = mesh.workloads.filter(({ id, proxy }) => proxy === "sidecar" && nodeOf(mesh, id) === edge.from);
      if (callers.length === 0) continue;
      const calls = callers.flatMap((caller) => witnesses(mesh, caller.id, edge, { space, decided }));
      const fates = calls.map((call) => fate(mesh, call));
      for (const call of calls) marksHold(mesh, edge, call);
      const access = fates.every(({ all }) => all) ? "allowed" : fates.some(({ some }) => some) ? "partly" : "denied";
      expect([edge.id, seed, edge.access]).toEqual([edge.id, seed, access]);
    }
  }
});

/** One call for each way in which a caller's calls on an edge can fare. */
const witnesses = (
  mesh: Mesh,
  from: string,
  edge: PictureEdge,
  { space, decided }: { readonly space: Space; readonly decided: Decided },
): readonly Call[] => {
  const caller = lookup(mesh).workload(from)!;
  const destination = lookup(mesh).destination(edge.to)!;
  const { protocol } = destination.ports.find(({ number }) => number === edge.port)!;
  const isHttp = carriesHttp(protocol);
  const to = { kind: "destination", host: edge.to } as const;
  const way = decided.callers.way(from, edge.to, edge.port, isHttp ? edge.to : "connection");
  const { diagrams } = space;
  const asked = isHttp ? diagrams.not(diagrams.test({ of: "connection" })) : diagrams.yes;
  return diagrams.regions<Effects>(decided.along(way, from, to, edge.port)).flatMap(({ set }) => {
    const limit = isHttp ? { only: namesOf(destination, caller.namespace) } : undefined;
    const request = space.witness(diagrams.and(set, asked), limit);
    return request === undefined ? [] : [{ from, to, port: edge.port, request }];
  });
};

test("what a gateway sends nowhere from outside is drawn as refused", () => {
  for (const seed of seeds) {
    const { mesh } = randomMesh(seed);
    const { edges } = meshPicture(mesh, "random");
    for (const call of boundaryCalls(mesh, 60, random(seed + 1))) {
      if (call.from !== "outside" || call.to.kind !== "workload") continue;
      const { workload } = call.to;
      const { delivered } = fate(mesh, call);
      const entering = edges.filter(({ from, to }) => from === outside && to === nodeOf(mesh, workload));
      if (delivered.length > 0) expect(entering.map(({ access }) => access)).not.toEqual(["denied"]);
      for (const { to } of delivered) {
        if (to === "as-dialled") continue;
        const leaving = edges.filter((edge) => edge.from === nodeOf(mesh, workload) && edge.to === to.host);
        expect(leaving.some(({ access }) => access !== "denied")).toBe(true);
      }
    }
  }
});

test("a mesh compared with itself has nothing that changed", () => {
  for (const seed of seeds) {
    const { mesh } = randomMesh(seed);
    const { nodes, edges } = comparisonPicture({ before: mesh, after: mesh }, unchanged, "random");
    expect([...nodes, ...edges].filter(({ state, before }) => state !== "same" || before !== undefined)).toEqual([]);
  }
});

test("whatever two meshes are, their comparison is a page, and its ends, highlights and ids are those of the picture", () => {
  for (const seed of seeds) {
    const pair = randomPair(seed);
    const [before, after] = meshesOf(pair);
    const picture = comparisonPicture({ before, after }, shown(pair), "random");
    isWhole(picture);
    const ids = new Set([...picture.nodes, ...picture.edges].map(({ id }) => id));
    for (const change of picture.comparison!.changes)
      expect([...change.nodes, ...change.edges].filter((id) => !ids.has(id))).toEqual([]);
    expect(page(picture)).toContain("</html>");
  }
});

test("a changed policy is drawn where it changes something, with what was before", async () => {
  const before = await compiledExample();
  const after: Mesh = {
    ...before,
    mtls: before.mtls.map((rule) => ({ ...rule, mode: "permissive" })),
    scopes: before.scopes.map((scope) =>
      scope.selector.workloads.includes("bookinfo/ratings-v1")
        ? { ...scope, hosts: ["details.bookinfo.svc.cluster.local"] }
        : scope,
    ),
  };
  const { nodes, edges } = comparisonPicture({ before, after }, unchanged, "bookinfo");
  const ratings = nodes.find(({ name }) => name === "ratings")!;
  expect(ratings.state).toBe("changed");
  expect(ratings.facts).toContainEqual({ title: "mTLS", before: ["strict"], after: ["permissive"] });
  expect(ratings.facts).toContainEqual({ title: "Scope", before: ["nothing"], after: ["bookinfo/details"] });
  expect(edges.filter(({ state }) => state !== "same")).toMatchObject([{ state: "added", access: "denied" }]);
});
