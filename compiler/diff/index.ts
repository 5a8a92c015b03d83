import { Decided } from "../../lib/requests/decided/decided.ts";
import { Diagrams, TooLarge } from "../../lib/requests/diagrams.ts";
import { Space } from "../../lib/requests/space.ts";
import { Causes, type Revision } from "./causes.ts";
import { risks, type Change, type MeshChanges, type Risk } from "./change.ts";
import { laneDifferences, witness, type Difference } from "./exact/differences.ts";
import { portNumber } from "./exact/lane.ts";
import { commonCallers, comparedLanes, type Revisions } from "./exact/lanes.ts";
import type { Caller } from "./exact/ways.ts";
import { factChanges, scopeChanges, type ScopeChange } from "./facts.ts";
import { callerWords, changedSets, groups, type Group } from "./groups.ts";
import { unstaged, type Unstaged } from "./staging.ts";
import { newcomerChanges } from "./newcomers.ts";
import { namedTests } from "./named-tests.ts";
import { naming, someDelivered, type Naming } from "./words/outcomes.ts";
import { everyRequest } from "./words/requests.ts";
import { summary } from "./words/summary.ts";

export interface DiffOptions {
  /** The most decision nodes that are worth it; what would take more is "inconclusive" and called `unproved`. */
  readonly cap?: number;
}

/**
 * What the head means that the base does not: every call that the two decide differently, grouped as reviewers ask, each
 * with a call that shows it. Nothing to say means that no call is decided differently: that is proved, not sampled.
 */
export const meshChanges = (base: Revision, head: Revision, { cap }: DiffOptions = {}): MeshChanges => {
  const [before, after] = [base.mesh, head.mesh];
  const space = new Space(after.platform.pathNormalization, new Diagrams(cap));
  space.diagrams.name(namedTests(before, after));
  const revisions: Revisions = {
    before: new Decided(before, space),
    after: new Decided(after, space),
    diagrams: space.diagrams,
  };
  const names = naming(before, after);
  const causes = new Causes(base, head);
  const facts = factChanges(before, after, names);
  const scopes = scopeChanges(before, after, names, causes);
  try {
    const lanes = comparedLanes(revisions);
    const differences = lanes.flatMap((lane) => laneDifferences(lane, space));
    const views = {
      callerIsOld: new Decided(before, space, after),
      callerIsNew: new Decided(after, space, before),
    };
    const context = { revisions, space, names, causes };
    const told = groups(differences, names).map((group) => ({ group, change: groupChange(group, context) }));
    const changes = [
      ...withEvidence(scopes, told),
      ...facts,
      ...newcomerChanges(before, revisions.after, names),
      ...stagingChanges(unstaged(lanes, views, space), context),
    ];
    const sorted = changes.sort(byImportance);
    return { summary: summary(sorted), changes: sorted };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    const changes = [...facts, ...scopes.map(({ change }) => change), inconclusive(error)].sort(byImportance);
    return { summary: summary(changes), changes };
  }
};

interface Context {
  readonly revisions: Revisions;
  readonly space: Space;
  readonly names: Naming;
  readonly causes: Causes;
}

const groupChange = (group: Group, { revisions, space, names, causes }: Context): Change => {
  const { subject, aspect, way, members } = group;
  const call = witness(plainest(members), space);
  const everyone = (callers: readonly Caller[]): string =>
    callerWords(callers, meaningToCall(group, revisions), names, subject);
  const { diagrams } = space;
  const isShut = ({ compared }: Difference): boolean =>
    diagrams.mapped(aspect.title === "opens" ? compared.before : compared.after, someDelivered) === diagrams.no;
  const sets = changedSets(group, space, names, everyone);
  return {
    kind: aspect.kind,
    subject,
    title: titleOf(group, sets, names),
    risks: aspect.risks,
    ...(aspect.kind === "access" && way !== "plain" && { isWhole: members.every(isShut) }),
    sets,
    before: aspect.before,
    after: aspect.after,
    witness: call,
    causes: causes.of(call, aspect.kind),
  };
};

/** Whoever's proxy knows the destination: those of whom "everyone" is said. */
const meaningToCall = ({ host, members }: Group, revisions: Revisions): readonly Caller[] => {
  const { before, after } = revisions;
  const port = portNumber(members[0]!.lane.port);
  if (host === undefined) return [];
  return commonCallers(revisions).filter((caller) =>
    [before, after].some(({ callers }) => {
      const reach = callers.reach(caller, port);
      return reach.kind === "proxied" && (reach.named.has(host) || reach.whole.has(host)) && caller !== "outside";
    }),
  );
};

/** The difference whose callers and content are the most ordinary. */
const plainest = (members: readonly Difference[]): Difference =>
  members.find(({ lane }) => lane.names.kind === "named") ?? members[0]!;

const titleOf = ({ aspect, way, members, subject }: Group, sets: Change["sets"], names: Naming): string => {
  if (aspect.kind !== "access") return aspect.title;
  const opens = aspect.title === "opens";
  if (way === "plain") {
    const which = [...new Set(sets.flatMap(({ requests }) => requests))].join(" or ");
    const what = which === everyRequest ? "all calls" : which;
    return `${opens ? "lets in" : "no longer lets in"} ${what} without mTLS`;
  }
  const callers = [...new Set(members.flatMap((member) => member.callers))];
  const said = callerWords(callers, [], names, subject);
  const whole = sets.every(({ requests }) => requests.length === 1 && requests[0] === "every request");
  const more = whole ? "" : ` with ${sets.length === 1 ? sets[0]!.requests.join(" or ") : "some requests"}`;
  return opens ? `lets ${said} in${more}` : `no longer lets ${said} in${more}`;
};

/**
 * What follows from a change of scope is told with it: its risks and a call that shows it. What opens or closes is told by
 * itself, and so is what proxies know for another reason.
 */
const withEvidence = (
  scopes: readonly ScopeChange[],
  told: readonly { readonly group: Group; readonly change: Change }[],
): readonly Change[] => {
  const isOf = ({ hosts, callers }: ScopeChange, { host, members }: Group): boolean =>
    host !== undefined &&
    hosts.has(host) &&
    members.some((member) => member.callers.some((caller) => callers.has(caller)));
  const isEvidence = (group: Group): boolean =>
    group.way === "scope" &&
    group.aspect.kind !== "access" &&
    group.members.every(({ callers }) =>
      callers.every((caller) => scopes.some((scope) => scope.callers.has(caller) && scope.hosts.has(group.host ?? ""))),
    );
  return [
    ...scopes.map((scope): Change => {
      const shown = told.filter(({ group }) => isEvidence(group) && isOf(scope, group));
      const witness = (shown[0] ?? told.find(({ group }) => group.way === "scope" && isOf(scope, group)))?.change
        .witness;
      return {
        ...scope.change,
        risks: [...new Set([...scope.change.risks, ...shown.flatMap(({ change }) => change.risks)])],
        ...(witness && { witness }),
      };
    }),
    ...told.filter(({ group }) => !isEvidence(group)).map(({ change }) => change),
  ];
};

const stagingChanges = (
  found: readonly Unstaged[],
  { space, names, causes }: Pick<Context, "space" | "names" | "causes">,
): readonly Change[] => {
  const grouped = new Map<string, Unstaged[]>();
  for (const one of found) {
    const { lane } = one;
    const host = lane.names.kind === "named" ? lane.names.host : undefined;
    const dialled = lane.to !== "any" && lane.to.sample.kind === "destination" ? lane.to.sample.host : undefined;
    const place = host ?? dialled;
    if (place === undefined) continue;
    const key = JSON.stringify([names.place(place), one.kind]);
    const known = grouped.get(key);
    if (known) known.push(one);
    else grouped.set(key, [one]);
  }
  return [...grouped].map(([key, all]): Change => {
    const [subject, kind] = JSON.parse(key) as [string, "breaks" | "opens"];
    const first = all[0]!;
    const call = witness({ ...first, callers: [first.caller] }, space);
    const who = callerWords([...new Set(all.map(({ caller }) => caller))], [], names, subject);
    const ahead = [...new Set(all.map((one) => (one.ahead === "caller" ? "callers'" : "callees'")))].join(" or ");
    return {
      kind: "staging",
      subject,
      title:
        kind === "breaks"
          ? `calls of ${who} fail while ${ahead} proxies are ahead`
          : `calls of ${who} get in while ${ahead} proxies are ahead`,
      risks: ["needs-staging"],
      sets: [],
      before: kind === "breaks" ? "delivered" : "refused",
      after: kind === "breaks" ? "delivered; not so in between" : "refused; not so in between",
      witness: call,
      causes: causes.of(call),
    };
  });
};

const inconclusive = (error: TooLarge): Change => ({
  kind: "unproved",
  subject: "the comparison",
  title: `inconclusive: ${error.message}`,
  risks: ["unproved"],
  sets: [],
  before: "",
  after: "",
  causes: [],
});

const rank = (change: Change): number => {
  const found = change.risks.map((risk: Risk) => risks.indexOf(risk));
  return found.length === 0 ? risks.length : Math.min(...found);
};

const byImportance = (a: Change, b: Change): number =>
  rank(a) - rank(b) ||
  (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0) ||
  (a.title < b.title ? -1 : a.title > b.title ? 1 : 0);
