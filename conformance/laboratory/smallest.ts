import { lowered } from "../../golden/random/mesh.ts";
import type { Authored, Intents } from "../../compiler/lower/intents.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Laboratory } from "./laboratory.ts";
import { disagreement } from "./oracle/observation.ts";

interface Found {
  readonly intents: Intents;
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly call: Call;
}

/** Each try is a whole installation on the real systems, so their number is bounded. */
const mostTries = 40;

/** The fewest intents with which a call still comes out otherwise than decided: pieces are taken away while it does. */
export const smallest = async ({ intents, graph, platform, call }: Found, lab: Laboratory): Promise<Intents> => {
  let kept = intents;
  let tries = 0;
  const stillWrong = async (candidate: Intents): Promise<boolean> => {
    const { value: mesh, diagnostics } = lowered(candidate, graph, platform);
    if (mesh === undefined || diagnostics.length > 0) return false;
    tries += 1;
    await lab.set(graph, mesh);
    const [observed] = await lab.send([{ call }]);
    return observed !== undefined && disagreement(mesh, call, observed) !== undefined;
  };
  const next = async (): Promise<Intents | undefined> => {
    for (const candidate of smaller(kept)) {
      if (tries >= mostTries) return undefined;
      if (await stillWrong(candidate)) return candidate;
    }
    return undefined;
  };
  for (let candidate = await next(); candidate !== undefined; candidate = await next()) kept = candidate;
  return kept;
};

/** Everything that is one piece smaller: an ingress, a policy, or a member of one of its lists fewer. */
const smaller = (intents: Intents): readonly Intents[] => [
  ...without(intents.ingresses).map((ingresses) => ({ ...intents, ingresses })),
  ...without(intents.policies).map((policies) => ({ ...intents, policies })),
  ...intents.policies.flatMap((authored, index) =>
    (["routes", "allow", "deny", "uses"] as const).flatMap((list) => {
      const written = (authored.intent.intent as Readonly<Record<string, unknown>>)[list];
      const lists: readonly unknown[] = Array.isArray(written) ? without(written as readonly unknown[]) : [];
      return lists.map((fewer) => {
        const policy = {
          ...authored,
          intent: { ...authored.intent, intent: { ...authored.intent.intent, [list]: fewer } },
        } as Authored<Intents["policies"][number]["intent"]>;
        return { ...intents, policies: intents.policies.with(index, policy) };
      });
    }),
  ),
];

const without = <T>(list: readonly T[]): readonly (readonly T[])[] => list.map((_, index) => list.toSpliced(index, 1));
