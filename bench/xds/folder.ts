import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "../../compiler/pipeline.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { istio } from "../../targets/istio/index.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { ours } from "../compile/contestants.ts";
import { run } from "../compile/process-tree.ts";
import { xdsMesh } from "./mesh.ts";
import { placementText, places, type Place } from "./places.ts";

/** The mesh on disk, what it compiles to for Istio, and the one route that the bench changes in both. */
export interface Folder {
  readonly folder: string;
  readonly mesh: Mesh;
  readonly places: readonly Place[];
  readonly istioObjects: readonly KubernetesObject[];
  /** The popular service's policy with another timeout, in seconds. */
  readonly policy: (seconds: string) => { readonly path: string; readonly text: string };
  /** The same as our Istio target writes it. */
  readonly virtualService: (seconds: string) => KubernetesObject;
  /** The popular service, as it stands in routes. */
  readonly host: string;
}

/** Writes and compiles the mesh with the package as it is published; made afresh, so that no old one is measured. */
export const preparedFolder = async (folder: string): Promise<Folder> => {
  const services = xdsMesh();
  const [popular] = services;
  if (popular === undefined) throw new Error("the mesh is empty");
  const [contestant] = ours();
  if (contestant === undefined) throw new Error("nothing was built");
  const all = places(services);
  const sources = { ...contestant.sources(services), "placement.yaml": placementText(all) };
  const path = `${popular.namespace}/${popular.name}.ts`;
  const timeout = `timeout: "${popular.timeout}"`;
  const generated = sources[path as keyof typeof sources];
  if (!generated.includes(timeout)) throw new Error(`${path} has no ${timeout}`);
  // The compile bench knows callers of the own namespace only.
  const strangers = popular.callers.map(({ namespace }) => namespace).filter((name) => name !== popular.namespace);
  const alias = (namespace: string): string => namespace.replaceAll("-", "");
  const text = `${strangers.map((name) => `import { namespace as ${alias(name)} } from "#graph/${name}";\n`).join("")}${generated.replace(
    /from: \[[^\]]*\]/,
    `from: [${["namespace", ...strangers.map(alias)].join(", ")}]`,
  )}`;
  const policy = (seconds: string) => ({
    path: join(folder, path),
    text: text.replace(timeout, `timeout: "${seconds}s"`),
  });

  for (const [file, content] of Object.entries({ ...sources, [path]: text })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
  for (const [file, target] of Object.entries(contestant.links)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    symlinkSync(target, join(folder, file));
  }
  await run(contestant.preparation(folder), false);

  const { value, diagnostics } = await compile(folder, { types: false });
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const istioObjects = istio.emit(value.mesh);
  const changed = istioObjects.find(
    ({ kind, metadata }) =>
      kind === "VirtualService" && metadata.namespace === popular.namespace && metadata.name === popular.name,
  );
  if (changed === undefined) throw new Error(`no VirtualService of ${popular.name}`);
  return {
    folder,
    mesh: value.mesh,
    places: all,
    istioObjects,
    policy,
    virtualService: (seconds) =>
      JSON.parse(
        JSON.stringify(changed, (key, each: unknown) => (key === "timeout" ? `${seconds}s` : each)),
      ) as KubernetesObject,
    host: `${popular.name}.${popular.namespace}.svc.cluster.local`,
  };
};
