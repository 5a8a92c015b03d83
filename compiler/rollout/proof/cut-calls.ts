import type { Address } from "../../../lib/model/call.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import type { Diagram, Diagrams } from "../../../lib/requests/diagrams.ts";
import { laneAddresses } from "../../diff/exact/lane.ts";
import { sent, unknownWay } from "../../diff/exact/ways.ts";
import type { Cut } from "./loading.ts";
import type { MeantCalls } from "./meant-calls.ts";
import type { View } from "./view.ts";

/** What becomes in each view of the calls that are cut: of a destination by its name, at its address. */
export function* cutCalls(views: readonly View[], cuts: readonly Cut[], diagrams: Diagrams): Generator<MeantCalls> {
  for (const { caller, called } of cuts) {
    const to: Address = { kind: "destination", host: called };
    const numbers = views.flatMap(({ decided }) => lookup(decided.mesh).destination(called)?.ports ?? []);
    for (const port of new Set(numbers.map(({ number }) => number))) {
      const reaches = views.map(({ decided }) => decided.callers.reach(caller, port));
      const meanings = views.map(({ decided }, index): Diagram<Effects> => {
        const reach = reaches[index]!;
        if (reach.kind === "direct") return decided.decisions.direct(to, port);
        const { identity } = lookup(decided.mesh).workload(caller)!;
        if (reach.whole.has(called)) return decided.decisions.whole(identity, called, port);
        const led = reach.named.get(called);
        return led === undefined
          ? sent(decided, unknownWay(decided, reach, diagrams), to, port)
          : decided.decisions.routed(identity, led, port);
      });
      const isNamed = reaches.some((reach) => reach.kind === "proxied" && reach.named.has(called));
      yield {
        lane: {
          port,
          to: laneAddresses([to]),
          names: isNamed ? { kind: "named", host: called, names: [called] } : { kind: "any" },
        },
        caller,
        meanings,
      };
    }
  }
}
