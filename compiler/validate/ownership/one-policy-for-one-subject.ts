import type { Related } from "../../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import { law } from "../law.ts";

/** Two policies about one service would need an order between them, which platforms take from creation times (istio 36621). */
export const onePolicyForOneSubject = law("MESH1004", ["policies"], ({ policies }, report) => {
  const first = new Map<string, Origin>();
  for (const { intent, origin } of policies) {
    const key = `${intent.about.$kind} ${intent.about.$id}`;
    const known = first.get(key);
    if (known === undefined) first.set(key, origin);
    else report(origin, { about: intent.about.$id }, [alreadyHere(known)]);
  }
});

export const alreadyHere = (origin: Origin): Related => ({ message: "the first one is here", place: { origin } });
