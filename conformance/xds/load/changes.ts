import type { Authorization } from "../../../lib/model/authorization.ts";
import type { Destination, Mesh } from "../../../lib/model/mesh.ts";
import { noEdits, type Backend, type Match, type Route } from "../../../lib/model/route.ts";
import { baseMesh, callers, hostOf } from "./mesh.ts";

/** One thing that somebody changes again and again, as the mesh is after so many changes of it. */
interface Topic {
  readonly name: string;
  readonly applied: (mesh: Mesh, turn: number) => Mesh;
}

const at = <T>(choices: readonly T[], turn: number): T => choices[turn % choices.length] as T;

const withDestination =
  (name: string, edit: (destination: Destination) => Destination) =>
  (mesh: Mesh): Mesh => ({
    ...mesh,
    destinations: mesh.destinations.map((one) => (one.host === hostOf(name) ? edit(one) : one)),
  });

const withRoutes = (name: string, edit: (routes: readonly Route[]) => readonly Route[]) =>
  withDestination(name, (one) => ({
    ...one,
    ports: one.ports.map((port) => ({ ...port, routes: edit(port.routes) })),
  }));

const to = (name: string, subset: string, weight = 1): Backend => ({ host: hostOf(name), port: 80, subset, weight });

/** The route for some requests stands before all others. */
const before = (routes: readonly Route[], match: Match, backend: Backend): readonly Route[] => {
  const last = routes.at(-1);
  return last === undefined ? routes : [{ ...last, matches: [match], backends: [backend] }, ...routes];
};

const origin = { module: "load.ts", path: [] };

const guard = (action: Authorization["action"], apps: readonly string[]): Authorization => ({
  selector: {
    kind: "workloads",
    namespace: "shop",
    labels: { app: "alpha" },
    workloads: ["shop/alpha-v1", "shop/alpha-v2", "shop/alpha-v3"],
    name: "alpha",
  },
  action,
  rules: [
    {
      from: apps.map((app) => ({ kind: "exact", id: `spiffe://cluster.local/ns/${app.replace("/", "/sa/")}` })),
      ports: "any",
      methods: "any",
      paths: "any",
      origin,
    },
  ],
  origin,
});

/** In the order in which they are applied: what routes choose from comes before the routes. */
const topics: readonly Topic[] = [
  {
    name: "a workload moves from one service to another",
    applied: (mesh, turn) => {
      if (turn % 2 === 0) return mesh;
      const left = withDestination("beta", (beta) => ({
        ...beta,
        workloads: ["shop/beta-v1"],
        subsets: beta.subsets.filter(({ name }) => name === "v1"),
      }))(mesh);
      return withDestination("gamma", (gamma) => ({ ...gamma, workloads: ["shop/beta-v2", "shop/gamma-v1"] }))(left);
    },
  },
  {
    name: "a subset comes and goes",
    applied: (mesh, turn) => {
      const workloads = at([undefined, ["shop/alpha-v3"], ["shop/alpha-v2", "shop/alpha-v3"]], turn);
      if (workloads === undefined) return mesh;
      const subset = { name: `canary-${turn}`, labels: {}, workloads };
      const there = withDestination("alpha", (one) => ({ ...one, subsets: [...one.subsets, subset] }))(mesh);
      const match: Match = { path: { kind: "prefix", value: "/canary/" }, headers: [] };
      return withRoutes("alpha", (routes) => before(routes, match, to("alpha", subset.name)))(there);
    },
  },
  {
    name: "a split",
    applied: (mesh, turn) => {
      const weights = at([[1], [90, 10], [50, 50], [0, 1], [1, 1, 1]], turn);
      const backends = weights.flatMap((weight, index) => (weight > 0 ? [to("alpha", `v${index + 1}`, weight)] : []));
      return withRoutes("alpha", (routes) =>
        routes.map((route, index) => (index === routes.length - 1 ? { ...route, backends } : route)),
      )(mesh);
    },
  },
  {
    name: "a timeout",
    applied: (mesh, turn) => {
      const timeout = at(["none", 8000, 12_000, 16_000] as const, turn);
      return withRoutes("beta", (routes) => routes.map((route) => ({ ...route, timeout })))(mesh);
    },
  },
  {
    name: "a header match",
    applied: (mesh, turn) => {
      const header = at(
        [
          undefined,
          { name: "x-canary", kind: "exact", value: "yes" },
          { name: "x-canary", kind: "prefix", value: "y" },
          { name: "x-canary", kind: "absent" },
        ] as const,
        turn,
      );
      if (header === undefined) return mesh;
      const beta = mesh.destinations.find(({ host }) => host === hostOf("beta"));
      const match: Match = { path: { kind: "any" }, headers: [header] };
      return withRoutes("beta", (routes) => before(routes, match, to("beta", beta?.subsets.at(-1)?.name ?? "any")))(
        mesh,
      );
    },
  },
  {
    name: "a host led to another service",
    applied: (mesh, turn) => {
      const backends = at([[to("gamma", "any")], [to("delta", "any")], [to("gamma", "any"), to("beta", "v1")]], turn);
      return withRoutes("gamma", (routes) => routes.map((route) => ({ ...route, backends })))(mesh);
    },
  },
  {
    name: "authorization of others",
    applied: (mesh, turn) => {
      const all = [...callers, at(["shop/beta", "shop/gamma", "bank/delta"], turn)].sort();
      const more = at([[], [guard("allow", all)], [guard("deny", ["bank/delta"])], [guard("allow", callers)]], turn);
      return { ...mesh, authorizations: [...mesh.authorizations, ...more] };
    },
  },
  {
    name: "mTLS",
    applied: (mesh, turn) => ({
      ...mesh,
      mtls: mesh.mtls.map((rule) => ({ ...rule, mode: at(["strict", "permissive"] as const, turn) })),
    }),
  },
  {
    name: "the scope of another service",
    applied: (mesh, turn) => ({
      ...mesh,
      scopes: mesh.scopes.map((scope) =>
        scope.selector.workloads.includes(at(["shop/one", "shop/gamma-v1"], turn >> 1)) && turn % 2 === 1
          ? { ...scope, hosts: [...scope.hosts, hostOf("idle")].sort() }
          : scope,
      ),
    }),
  },
  {
    name: "header edits",
    applied: (mesh, turn) => {
      const requestHeaders = at([noEdits, { ...noEdits, set: [["x-turn", String(turn)]] as const }], turn);
      const responseHeaders = at([noEdits, noEdits, { ...noEdits, remove: ["x-user"] }], turn);
      return withRoutes("delta", (routes) => routes.map((route) => ({ ...route, requestHeaders, responseHeaders })))(
        mesh,
      );
    },
  },
];

export interface Change {
  readonly what: string;
  readonly mesh: Mesh;
}

/** A first mesh and so many changes of it, each of one topic; topics take turns. */
export const changes = (count: number): readonly Change[] => {
  const base = baseMesh();
  const turns = topics.map(() => 0);
  const now = (): Mesh => topics.reduce((mesh, { applied }, index) => applied(mesh, turns[index] ?? 0), base);
  const first: Change = { what: "the first mesh", mesh: now() };
  return [
    first,
    ...Array.from({ length: count }, (_, index): Change => {
      // 7 and 10 share no factor: every topic has its turn in ten changes, and neighbours are strangers.
      const topic = (index * 7) % topics.length;
      turns[topic] = (turns[topic] ?? 0) + 1;
      return { what: topics[topic]?.name ?? "", mesh: now() };
    }),
  ];
};
