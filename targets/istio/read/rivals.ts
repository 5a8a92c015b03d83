import { nameOf, type KubernetesObject } from "../object.ts";
import { unreadable, type Reading } from "./reading.ts";

interface Says {
  readonly hosts?: readonly string[];
  readonly host?: string;
  readonly gateways?: readonly string[];
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly workloadSelector?: { readonly labels?: Readonly<Record<string, string>> };
}

/** What an object speaks for, of which Istio acts on one object alone; none where several add up. */
export const spokenFor = ({ kind, metadata, spec }: KubernetesObject): readonly string[] => {
  const says = spec as Says;
  const selected = JSON.stringify(
    Object.entries(says.selector?.matchLabels ?? says.workloadSelector?.labels ?? {}).sort(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  );
  switch (kind) {
    case "VirtualService":
      return (says.gateways ?? ["mesh"]).flatMap((gateway) => (says.hosts ?? []).map((host) => `${gateway} ${host}`));
    case "DestinationRule":
      return [says.host ?? ""];
    case "ServiceEntry":
      return says.hosts ?? [];
    case "PeerAuthentication":
    case "Sidecar":
      return [`${metadata.namespace} ${selected}`];
    default:
      return [];
  }
};

/** Reports each object that speaks for what an earlier one speaks for: which of them counts, Istio decides by their age. */
export const reportRivals = (objects: readonly KubernetesObject[], reading: Reading): void => {
  const seen = new Map<string, string>();
  for (const object of objects) {
    for (const what of spokenFor(object)) {
      const key = `${object.kind} ${what}`;
      const name = nameOf(object);
      if ((seen.get(key) ?? name) !== name) {
        unreadable({ value: object.spec, at: "/spec", object }, reading);
        break;
      }
      seen.set(key, name);
    }
  }
};

/** Of objects in the order of their age, those that count. */
export const withoutRivals = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => {
  const taken = new Set<string>();
  return objects.filter((object) => {
    const keys = spokenFor(object).map((what) => `${object.kind} ${what}`);
    if (keys.some((key) => taken.has(key))) return false;
    for (const key of keys) taken.add(key);
    return true;
  });
};
