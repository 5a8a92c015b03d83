import { isDeepStrictEqual } from "node:util";
import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";

/** One write to the cluster: what an object is before it and after it. Absent before is a creation, absent after a deletion. */
export interface Write {
  /** `VirtualService shop/cart`. */
  readonly name: string;
  readonly kind: string;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
}

/** Objects by name, in the order of their age: which of two counts that speak for the same, Istio decides by it. */
export type State = ReadonlyMap<string, KubernetesObject>;

export const stateOf = (objects: readonly KubernetesObject[]): State =>
  new Map(objects.map((object) => [nameOf(object), object]));

export const applied = (state: State, writes: readonly Pick<Write, "name" | "after">[]): State => {
  const next = new Map(state);
  for (const { name, after } of writes) {
    if (after === undefined) next.delete(name);
    else next.set(name, after);
  }
  return next;
};

/** Whether two objects say the same, whatever else the API server knows of them. */
export const saysTheSame = (a: KubernetesObject | undefined, b: KubernetesObject | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    isDeepStrictEqual(a.spec, b.spec) &&
    isDeepStrictEqual(a.metadata.labels ?? {}, b.metadata.labels ?? {}));

/** What lies between two states, as if each object were written once. */
export const changes = (from: State, to: State): readonly Write[] =>
  [...new Set([...to.keys(), ...from.keys()])].flatMap((name): readonly Write[] => {
    const [before, after] = [from.get(name), to.get(name)];
    return saysTheSame(before, after) ? [] : [{ name, kind: (after ?? before)!.kind, before, after }];
  });
