import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../../../targets/istio/object.ts";
import type { KubeObject } from "../../rig/kube.ts";

/** What of a cluster is not as it is wanted, foreign objects (by name) apart; undefined where all is. */
export const wrong = (
  held: ReadonlyMap<string, KubeObject>,
  wanted: ReadonlyMap<string, KubernetesObject>,
  foreign: ReadonlySet<string> = new Set(),
): string | undefined => {
  for (const [name, object] of wanted) {
    const found = held.get(name);
    if (found === undefined) return `${name} is not there`;
    if (!isDeepStrictEqual(found["spec"], object.spec))
      return `${name} says ${JSON.stringify(found["spec"])} instead of ${JSON.stringify(object.spec)}`;
  }
  for (const name of held.keys()) if (!wanted.has(name) && !foreign.has(name)) return `${name} is left`;
  return undefined;
};

/** Objects that changed since: by resource version. */
export const touched = (
  before: ReadonlyMap<string, KubeObject>,
  after: ReadonlyMap<string, KubeObject>,
): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name)?.metadata.resourceVersion !== after.get(name)?.metadata.resourceVersion,
  );
