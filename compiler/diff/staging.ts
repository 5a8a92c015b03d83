import type { Effects } from "../../lib/requests/decided/meanings.ts";
import type { Diagram } from "../../lib/requests/diagrams.ts";
import type { Space } from "../../lib/requests/space.ts";
import { anyHost, type Hosts } from "../../lib/requests/string-regions.ts";
import type { Lane } from "./exact/lane.ts";
import type { ComparedLane, MixedViews } from "./exact/lanes.ts";
import type { Caller } from "./exact/ways.ts";
import { allDelivered, someDelivered } from "./words/outcomes.ts";

/** Calls that a careless rollout breaks, or lets through, though both revisions agree on them. */
export interface Unstaged {
  readonly lane: Lane;
  readonly caller: Caller;
  readonly kind: "breaks" | "opens";
  /** Which proxy is ahead when it happens. */
  readonly ahead: "caller" | "callee";
  readonly set: Diagram;
  readonly hosts: Hosts;
}

/**
 * What happens while callers' and callees' proxies hold different revisions: calls that are delivered before and after
 * must be in between, and calls that are refused before and after must not be let in.
 */
export const unstaged = (lanes: readonly ComparedLane[], views: MixedViews, space: Space): readonly Unstaged[] => {
  const { diagrams } = space;
  const memo = new Map<string, { readonly breaks: Diagram; readonly opens: Diagram }>();
  const sets = (lane: ComparedLane, mixed: Diagram<Effects>) => {
    const key = `${lane.before} ${lane.after} ${mixed}`;
    const known = memo.get(key);
    if (known !== undefined) return known;
    const where = (diagram: Diagram<Effects>, holds: (meaning: Effects) => boolean): Diagram =>
      diagrams.mapped(diagram, holds);
    const none = (meaning: Effects): boolean => !someDelivered(meaning);
    const made = {
      breaks: diagrams.and(
        where(lane.before, allDelivered),
        where(lane.after, allDelivered),
        diagrams.not(where(mixed, allDelivered)),
      ),
      opens: diagrams.and(where(lane.before, none), where(lane.after, none), where(mixed, someDelivered)),
    };
    memo.set(key, made);
    return made;
  };
  return lanes.flatMap((compared) => {
    const { lane, callers } = compared;
    if (!isMeant(lane)) return [];
    const hosts: Hosts = lane.names.kind === "named" ? { only: lane.names.names } : anyHost;
    const http = lane.names.kind === "named" ? diagrams.not(diagrams.test({ of: "connection" })) : diagrams.yes;
    return callers.flatMap((caller) =>
      compared.mixed(caller, views).flatMap((mixed, index): readonly Unstaged[] => {
        const found = sets(compared, mixed);
        return (["breaks", "opens"] as const).flatMap((kind) => {
          if (found[kind] === diagrams.no) return [];
          const set = space.inhabited(diagrams.and(found[kind], http), hosts);
          return set === diagrams.no
            ? []
            : [{ lane, caller, kind, ahead: index === 0 ? "callee" : "caller", set, hosts } as const];
        });
      }),
    );
  });
};

/** Straight to an address there is one proxy at most, and what nobody means to do need not survive a rollout. */
const isMeant = ({ to, names }: Lane): boolean => {
  if (names.kind !== "named") return names.kind === "any";
  return to === "any" || (to.keys.size === 1 && to.sample.kind === "destination" && to.sample.host === names.host);
};
