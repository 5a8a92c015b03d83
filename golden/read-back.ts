import { meshChanges } from "../compiler/diff/index.ts";
import type { Revision } from "../compiler/diff/causes.ts";
import type { ServiceGraph, WorkloadId } from "../lib/graph/graph.ts";
import type { Placement } from "../lib/graph/placement.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { dumpedConfiguration } from "../targets/xds/read/dump.ts";
import { read } from "../targets/xds/read/index.ts";
import { sayable } from "../targets/xds/read/sayable.ts";
import type { ProxyConfiguration } from "../targets/xds/resource.ts";

export interface DumpedMesh {
  readonly graph: ServiceGraph;
  readonly mesh: Mesh;
  readonly placement: Placement;
  /** Resources that the test rig put there for itself. */
  readonly isForeign?: (name: string) => boolean;
}

/**
 * Whether Envoys do what a mesh means, by their own account: `/config_dump?include_eds` of every proxy, read back as a mesh
 * and compared exactly. Answers with the disagreements in words; none: every call is decided alike.
 */
export const dumpedDisagreements = (
  dumps: ReadonlyMap<WorkloadId, unknown>,
  { graph, mesh, placement, isForeign }: DumpedMesh,
): readonly string[] => {
  const { platform } = mesh;
  const dumped = [...dumps].map(([workload, dump]) =>
    dumpedConfiguration(dump, { workload, platform, ...(isForeign && { isForeign }) }),
  );
  const unread = dumped.flatMap(({ diagnostics }) => diagnostics);
  if (unread.length > 0) return unread.map(({ message }) => message);
  return disagreements(
    dumped.flatMap(({ value }) => value ?? []),
    { graph, mesh, placement },
  );
};

/** The same of what proxies are told: what is not understood, or is decided otherwise than the mesh has it. */
export const disagreements = (
  configurations: readonly ProxyConfiguration[],
  { graph, mesh, placement }: DumpedMesh,
): readonly string[] => {
  const { value, diagnostics } = read(configurations, { graph, platform: mesh.platform, placement });
  return value === undefined
    ? diagnostics.map(({ message }) => message)
    : differencesInWords(sayable(mesh, placement), value);
};

/** What two meshes decide differently, compared exactly; none: every call is decided alike. */
export const differencesInWords = (meant: Mesh, read: Mesh): readonly string[] => {
  const { changes } = meshChanges(unauthored(meant), unauthored(read));
  return changes.map(({ subject, title, before, after }) => `${subject}: ${title} (meant: ${before}; read: ${after})`);
};

/** A mesh that nobody wrote: no cause of a change can be named. */
const unauthored = (mesh: Mesh): Revision => ({
  mesh,
  intents: {
    config: { folders: {}, defaults: { mtls: "strict", access: "anyone" } },
    policies: [],
    externals: [],
    ingresses: [],
  },
});
