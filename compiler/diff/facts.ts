import { lookup } from "../../lib/model/lookup.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { Host, Mesh, MtlsRule } from "../../lib/model/mesh.ts";
import type { Causes } from "./causes.ts";
import type { Cause, Change } from "./change.ts";
import { shortName } from "./groups.ts";
import type { Naming } from "./words/outcomes.ts";
import { fewListed } from "./words/requests.ts";

/** What changes of a mesh that is about no request: how strictly workloads ask for mTLS, what exists, what the platform does. */
export const factChanges = (before: Mesh, after: Mesh, names: Naming): readonly Change[] => [
  ...mtlsChanges(before, after, names),
  ...graphChanges(before, after, names),
  ...platformChanges(before, after),
];

/** What the proxies of some callers know that they did not, or no longer know. */
export interface ScopeChange {
  readonly change: Change;
  readonly callers: ReadonlySet<WorkloadId | "outside">;
  readonly hosts: ReadonlySet<Host>;
}

const strength = { disabled: 0, permissive: 1, strict: 2 } as const;

const mtlsChanges = (before: Mesh, after: Mesh, names: Naming): readonly Change[] => {
  const groups = new Map<string, { from: MtlsRule; into: MtlsRule; subjects: Set<string> }>();
  for (const workload of after.workloads) {
    const old = lookup(before).workload(workload.id);
    if (old?.proxy !== "sidecar" || workload.proxy !== "sidecar") continue;
    const [from, into] = [lookup(before).mtls(old), lookup(after).mtls(workload)];
    if (from.mode === into.mode) continue;
    const key = `${from.mode} ${into.mode}`;
    const group = groups.get(key) ?? { from, into, subjects: new Set<string>() };
    group.subjects.add(names.servedBy(workload.id));
    groups.set(key, group);
  }
  return [...groups.values()].map(({ from, into, subjects }) => ({
    kind: "mtls",
    subject: few([...subjects]),
    title: `mTLS ${from.mode} → ${into.mode}`,
    risks: strength[into.mode] < strength[from.mode] ? ["weakens-mtls"] : [],
    sets: [],
    before: from.mode,
    after: into.mode,
    causes: [{ revision: "head", origin: into.origin }],
  }));
};

export const scopeChanges = (before: Mesh, after: Mesh, names: Naming, causes: Causes): readonly ScopeChange[] => {
  // Whose proxy has no scope knows everything.
  const everything = [before, after].map((mesh) => mesh.destinations.map(({ host }) => host));
  const groups = new Map<
    string,
    { callers: Set<string>; gained: readonly string[]; lost: readonly string[]; ids: string[]; hosts: readonly Host[] }
  >();
  for (const { id, proxy } of after.workloads) {
    if (proxy !== "sidecar" || lookup(before).workload(id)?.proxy !== "sidecar") continue;
    const old = lookup(before).scope(id)?.hosts ?? everything[0]!;
    const now = lookup(after).scope(id)?.hosts ?? everything[1]!;
    const more = now.filter((host) => !old.includes(host));
    const less = old.filter((host) => !now.includes(host));
    const [gained, lost] = [more.map(names.place), less.map(names.place)];
    if (gained.length + lost.length === 0) continue;
    const key = JSON.stringify([gained, lost]);
    const group = groups.get(key) ?? { callers: new Set<string>(), gained, lost, ids: [], hosts: [...more, ...less] };
    group.callers.add(names.servedBy(id));
    group.ids.push(id);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ callers, gained, lost, ids, hosts }) => {
    const subject = few([...callers]);
    const said = (hosts: readonly string[]) => few(hosts.map((host) => shortName(host, subject)));
    const title = [
      ...(gained.length > 0 ? [`now knows ${said(gained)}`] : []),
      ...(lost.length > 0 ? [`no longer knows ${said(lost)}`] : []),
    ].join(" and ");
    const about = new Set([...callers, ...ids]);
    const found: readonly Cause[] = causes.ofPolicies((id) => about.has(id), "intent", "uses");
    const granted = causes.ofPolicies((id) => [...gained, ...lost].includes(id), "intent", "allow");
    const change: Change = {
      kind: "scope",
      subject,
      title,
      risks: gained.length > 0 ? ["widens-scope"] : [],
      sets: [],
      before: lost.length > 0 ? `knows ${said(lost)}` : `does not know ${said(gained)}`,
      after: gained.length > 0 ? `knows ${said(gained)}` : `does not know ${said(lost)}`,
      causes: found.length > 0 ? found : granted,
    };
    return { change, callers: new Set(ids), hosts: new Set(hosts) };
  });
};

const graphChanges = (before: Mesh, after: Mesh, names: Naming): readonly Change[] => {
  const change = (subject: string, title: string, risks: Change["risks"]): Change => ({
    kind: "graph",
    subject,
    title,
    risks,
    sets: [],
    before: "",
    after: "",
    causes: [],
  });
  const found: Change[] = [];
  for (const [here, there, verb] of [
    [after, before, "appears"],
    [before, after, "disappears"],
  ] as const) {
    for (const { host, kind } of here.destinations)
      if (!lookup(there).destination(host))
        found.push(
          change(names.place(host), `${kind === "external" ? "an external service" : "a service"} that ${verb}`, []),
        );
    // Those that appear: `newcomers.ts`.
    if (here === before)
      for (const { id } of here.workloads)
        if (!lookup(there).workload(id)) found.push(change(id, "a workload that disappears", []));
  }
  for (const { host, resolution, kind } of after.destinations) {
    const old = lookup(before).destination(host);
    const [was, is] = [old?.resolution ?? "", resolution].map((one) => [one].flat().join(", "));
    if (old && (was !== is || old.kind !== kind))
      found.push(change(names.place(host), `stands at ${old.kind} ${was!} → ${kind} ${is!}`, ["reroutes"]));
  }
  for (const workload of after.workloads) {
    const old = lookup(before).workload(workload.id);
    if (old && old.identity !== workload.identity)
      found.push(change(workload.id, `runs as ${old.identity} → ${workload.identity}`, []));
    if (old && old.proxy !== workload.proxy)
      found.push(
        change(
          workload.id,
          `proxy: ${old.proxy} → ${workload.proxy}`,
          workload.proxy === "none" ? ["weakens-mtls"] : [],
        ),
      );
  }
  return found;
};

/** What the platform decides is compared as it is written: it touches every call. */
const platformChanges = (before: Mesh, after: Mesh): readonly Change[] =>
  (Object.keys(after.platform) as readonly (keyof Mesh["platform"])[]).flatMap((key): readonly Change[] => {
    const [from, into] = [before.platform[key], after.platform[key]].map((value) =>
      typeof value === "string" ? value : JSON.stringify(value),
    ) as [string, string];
    if (from === into) return [];
    return [
      {
        kind: key === "pathNormalization" ? "unproved" : "graph",
        subject: "the platform",
        title: `${key}: ${from} → ${into}${key === "pathNormalization" ? "; paths that the two normalise differently are not compared" : ""}`,
        risks: key === "pathNormalization" ? ["unproved"] : [],
        sets: [],
        before: from,
        after: into,
        causes: [],
      },
    ];
  });

const few = (names: readonly string[]): string => fewListed([...names].sort());
