import { isDeepStrictEqual } from "node:util";
import { lookup } from "../../lib/model/lookup.ts";
import type { Destination, Host, Mesh, MtlsRule } from "../../lib/model/mesh.ts";
import { nameOfDestination } from "../../targets/istio/emit/names.ts";
import { istioObject, nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import { changes, saysTheSame, type State } from "./change.ts";
import {
  hasKeeper,
  isKeeper,
  keeper,
  keptBy,
  nameOfKeeper,
  turnover,
  type Turnover,
  withKeeper,
  withoutKeeper,
} from "./keepers.ts";
import { widened } from "./widened.ts";

/**
 * What happens in turn: callers are held to the TLS that they use, and load what they will call; external hosts become known; what is
 * to come is added to what is; calls go over to it; what nothing leads to any more goes; external hosts are forgotten; and callers
 * are left to themselves again.
 */
export const phases = ["prepare", "declare", "expand", "switch", "contract", "withdraw", "finish"] as const;
export type Phase = (typeof phases)[number];

/** When rules of access change, where callers' requests change too: what is right for one mesh opens or breaks another. */
export interface Tactic {
  /** Both's in between; or the new ones before callers go over, or after. */
  readonly allow: "both" | "before" | "after";
  readonly deny: "both" | "before" | "after";
}

/** In the order in which they are tried. */
export const tactics: readonly Tactic[] = (["both", "after", "before"] as const).flatMap((allow) =>
  (["both", "before", "after"] as const).map((deny) => ({ allow, deny })),
);

/** What an object is once a phase is over; null where it is not there, and as it was where nothing is said. */
type Course = { readonly [P in Phase]?: KubernetesObject | null };

export interface Ends {
  readonly before: { readonly state: State; readonly mesh: Mesh };
  readonly after: { readonly state: State; readonly mesh: Mesh };
}

/** One form that an object takes on its way, and when it is thought to. */
export interface Move {
  readonly phase: Phase;
  readonly name: string;
  readonly kind: string;
  /** Undefined where the object goes. */
  readonly form: KubernetesObject | undefined;
}

/** What each object that changes goes through, in the order of the phases; its last form is the wanted one. */
export const courses = (ends: Ends, tactic: Tactic): readonly (readonly Move[])[] => {
  const { before, after } = ends;
  const turns = turnovers(ends);
  const meanwhile = new Map([...heldRules(ends), ...keepers(ends, turns)]);
  return [...new Set([...after.state.keys(), ...meanwhile.keys(), ...before.state.keys()])].flatMap((name) => {
    const [old, next] = [before.state.get(name), after.state.get(name)];
    const known = meanwhile.get(name);
    if (known === undefined && saysTheSame(old, next)) return [];
    const forms = known ?? course(old, next, { ends, tactic, turnover: turns.get(name) });
    let last = old;
    const moves = phases.flatMap((phase): readonly Move[] => {
      const { [phase]: form } = forms;
      if (form === undefined || saysTheSame(last, form ?? undefined)) return [];
      const kind = (form ?? last)!.kind;
      last = form ?? undefined;
      return [{ phase, name, kind, form: last }];
    });
    return moves.length === 0 ? [] : [moves];
  });
};

const course = (
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
  { ends, tactic, turnover }: { readonly ends: Ends; readonly tactic: Tactic; readonly turnover: Turnover | undefined },
): Course => {
  const final = after ?? null;
  const both = before && after && widened(before, after);
  const usual: Course =
    before === undefined ? { expand: final } : after === undefined ? { contract: final } : grown(both, final);
  switch ((after ?? before)!.kind) {
    case "VirtualService":
      return { switch: final };
    case "Sidecar":
      return scopeCourse(before, after, { ends, turnover: turnover! });
    case "ServiceEntry":
      // It is there before it comes into a scope, and until it has left all of them.
      if (before === undefined) return { declare: final };
      return after === undefined ? { withdraw: final } : usual;
    case "DestinationRule":
      // How an external host is called is known for as long as it is.
      if (before === undefined && !isKnown(after, ends.before.mesh)) return { prepare: final };
      return after === undefined && !isKnown(before, ends.after.mesh) ? { finish: final } : usual;
    case "PeerAuthentication":
      return mtlsCourse(before, after, ends);
    case "AuthorizationPolicy":
      return accessCourse(before, after, tactic);
    default:
      return usual;
  }
};

const isKnown = (rule: KubernetesObject | undefined, mesh: Mesh): boolean =>
  lookup(mesh).destination(rule?.spec["host"] as Host) !== undefined;

/** What comes is loaded before calls are led to it, and what goes stays so until none is; no scope at all is the widest. */
const scopeCourse = (
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
  { ends, turnover: { comes, goes } }: { readonly ends: Ends; readonly turnover: Turnover },
): Course => {
  const old = before && withoutKeeper(before);
  const both = old && after && widened(old, after);
  const isKept = needsKeepers(ends);
  const kept = (scope: KubernetesObject): KubernetesObject => (isKept && goes.length > 0 ? withKeeper(scope) : scope);
  return {
    ...(old !== undefined && isKept && comes.length > 0 && { prepare: withKeeper(old) }),
    ...(old !== undefined && after === undefined && { expand: null }),
    ...(both !== undefined && (comes.length > 0 || goes.length === 0) && { expand: kept(both) }),
    ...(after !== undefined && { contract: kept(after) }),
    finish: after ?? null,
  };
};

/** Where only what is known may be called, nothing outside of a scope is called anyway. */
const needsKeepers = ({ after }: Ends): boolean => after.mesh.platform.outbound === "allow-any";

/** Of every scope that changes what comes into it and what leaves it. */
const turnovers = ({ before, after }: Ends): ReadonlyMap<string, Turnover> => {
  const everything = new Set([before, after].flatMap(({ mesh }) => mesh.destinations.map(({ host }) => host)));
  return new Map(
    changes(before.state, after.state).flatMap(({ name, kind, before: old, after: next }) =>
      kind === "Sidecar" ? [[name, turnover(old, next, everything)] as const] : [],
    ),
  );
};

/** The keepers that scopes need meanwhile, and those that an unfinished rollout left. */
const keepers = (ends: Ends, turns: ReadonlyMap<string, Turnover>): ReadonlyMap<string, Course> => {
  const { before, after } = ends;
  const needed = new Map<string, string[]>();
  const need = (namespace: string, hosts: readonly string[]): void =>
    void needed.set(namespace, [...(needed.get(namespace) ?? []), ...hosts]);
  for (const object of before.state.values())
    if (isKeeper(object) || (object.kind === "Sidecar" && hasKeeper(object))) need(object.metadata.namespace, []);
  if (needsKeepers(ends))
    for (const [name, { comes, goes }] of turns) {
      const { metadata } = (after.state.get(name) ?? before.state.get(name))!;
      if (comes.length + goes.length > 0) need(metadata.namespace, [...comes, ...goes]);
    }
  return new Map(
    [...needed].map(([namespace, hosts]) => {
      const name = nameOfKeeper(namespace);
      const all = [...keptBy(before.state.get(name)), ...hosts];
      return [name, { ...(hosts.length > 0 && { prepare: keeper(namespace, all) }), finish: null }];
    }),
  );
};

const grown = (both: KubernetesObject | undefined, final: KubernetesObject | null): Course => ({
  expand: both ?? final,
  contract: final,
});

const accessCourse = (
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
  { allow, deny }: Tactic,
): Course => {
  const final = after ?? null;
  const isDeny = (after ?? before)!.spec["action"] === "DENY";
  const when = isDeny ? deny : allow;
  if (when !== "both") return { [when === "before" ? "expand" : "contract"]: final };
  if (before === undefined) return isDeny ? { expand: final } : { contract: final };
  if (after === undefined) return { contract: final };
  return grown(widened(before, after), final);
};

/** Whatever changes goes through `PERMISSIVE`, which no caller can be wrong about; unless one end is that already. */
const mtlsCourse = (
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
  { before: { mesh } }: Ends,
): Course => {
  const final = after ?? null;
  const one = (after ?? before)!;
  const permissive: KubernetesObject = { ...one, spec: { ...one.spec, mtls: { mode: "PERMISSIVE" } } };
  if (saysTheSame(permissive, after)) return { expand: final };
  if (saysTheSame(permissive, before)) return { contract: final };
  // Where nothing is said, what is said for more decides.
  const isPermissive = before === undefined && mesh.mtls.every(({ mode }) => mode === "permissive");
  return isPermissive ? { contract: final } : { expand: permissive, contract: final };
};

/**
 * Rules that hold callers to the TLS that they use, by name: while workloads come to take mTLS that refused it, or to refuse
 * what they took, no proxy may conclude by itself what others do (istio 48290, 58832). What else the rules say takes its course.
 */
const heldRules = ({ before, after }: Ends): ReadonlyMap<string, Course> => {
  const held = new Map<string, Course>();
  for (const destination of after.mesh.destinations) {
    const turn = turnOf(destination, before.mesh, after.mesh);
    const made = istioObject("DestinationRule", destination.namespace, nameOfDestination(destination), {
      host: destination.host,
    });
    const name = nameOf(made);
    const [old, next] = [before.state.get(name), after.state.get(name)];
    // What an unfinished rollout holds is said by nobody.
    const isSaid = tlsOf(next) !== undefined || (tlsOf(old) !== undefined && !isDeepStrictEqual(tlsOf(old), plainText));
    if (turn === undefined || isSaid) continue;
    const plain = (rule: KubernetesObject | undefined): KubernetesObject => {
      const { spec, ...rest } = rule ?? made;
      const { trafficPolicy } = spec as { readonly trafficPolicy?: object };
      return { ...rest, spec: { ...spec, trafficPolicy: { ...trafficPolicy, tls: plainText } } };
    };
    const both = old && next ? (widened(old, next) ?? next) : (next ?? old);
    held.set(
      name,
      turn === "takes"
        ? { prepare: plain(old), expand: plain(both), switch: both ?? null, contract: next ?? null }
        : { expand: both ?? null, switch: plain(both), contract: plain(next), finish: next ?? null },
    );
  }
  return held;
};

/** Whether workloads behind a destination come to take mTLS, or come to refuse it. */
const turnOf = ({ kind, workloads }: Destination, before: Mesh, after: Mesh): "takes" | "refuses" | undefined => {
  if (kind === "external") return undefined;
  const mode = (mesh: Mesh, id: string): MtlsRule["mode"] | undefined => {
    const { workload, mtls } = lookup(mesh);
    const found = workload(id);
    return found?.proxy === "sidecar" ? mtls(found).mode : undefined;
  };
  for (const id of workloads) {
    const [old, next] = [mode(before, id), mode(after, id)];
    if (old === undefined || next === undefined || old === next) continue;
    if (old === "disabled") return "takes";
    if (next === "disabled") return "refuses";
  }
  return undefined;
};

const plainText = { mode: "DISABLE" };

const tlsOf = (rule: KubernetesObject | undefined): unknown =>
  (rule?.spec["trafficPolicy"] as { readonly tls?: unknown } | undefined)?.tls;
