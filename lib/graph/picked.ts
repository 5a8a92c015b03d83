import { selects, type Labels } from "./graph.ts";

interface Labelled {
  readonly namespace: string;
  readonly labels: Labels;
}

/**
 * Those of a namespace that a selector picks, in their order. Made once for many questions: a label that few carry narrows
 * the search, without which all would be asked once for each selector. An empty selector picks none.
 */
export const picker = <L extends Labelled>(
  all: readonly L[],
): ((namespace: string, selector: Labels) => readonly L[]) => {
  const carriers = new Map<string, L[]>();
  const key = (namespace: string, label: readonly [string, string]): string => `${namespace}/${label.join("=")}`;
  for (const one of all)
    for (const label of Object.entries(one.labels)) {
      const known = carriers.get(key(one.namespace, label));
      if (known) known.push(one);
      else carriers.set(key(one.namespace, label), [one]);
    }
  return (namespace, selector) => {
    const candidates = Object.entries(selector).map((label) => carriers.get(key(namespace, label)) ?? []);
    const [fewest = []] = candidates.sort((a, b) => a.length - b.length);
    return fewest.filter(({ labels }) => selects(selector, labels));
  };
};
