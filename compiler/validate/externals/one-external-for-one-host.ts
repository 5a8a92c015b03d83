import type { Origin } from "../../../lib/diagnostics/origin.ts";
import { law } from "../law.ts";
import { alreadyHere } from "../ownership/one-policy-for-one-subject.ts";

/** Two entries for one host hide each other by creation time. */
export const oneExternalForOneHost = law("MESH2020", ["externals"], ({ externals }, report) => {
  const first = new Map<string, Origin>();
  for (const { intent, origin } of externals) {
    const known = first.get(intent.host);
    if (known === undefined) first.set(intent.host, origin);
    else report(origin, { host: intent.host }, [alreadyHere(known)]);
  }
});
