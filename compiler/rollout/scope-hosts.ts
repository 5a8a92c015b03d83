import type { KubernetesObject } from "../../targets/istio/object.ts";

/** What a Sidecar imports, as it says it: `namespace/host`. */
export const importsOf = ({ spec }: Pick<KubernetesObject, "spec">): readonly string[] => {
  const { egress = [] } = spec as { readonly egress?: readonly { readonly hosts?: readonly string[] }[] };
  return egress.flatMap(({ hosts = [] }) => hosts).filter((one) => one !== nothing);
};

/** The same Sidecar with other imports. */
export const importing = <S extends Pick<KubernetesObject, "spec">>(sidecar: S, imports: readonly string[]): S => ({
  ...sidecar,
  spec: { ...sidecar.spec, egress: [{ hosts: imports.length > 0 ? imports : [nothing] }] },
});

/** Istio's way to say that a scope has no host at all. */
const nothing = "~/*";
