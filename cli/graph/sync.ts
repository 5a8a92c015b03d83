import { existsSync } from "node:fs";
import { join } from "node:path";
import { discover } from "../../compiler/discover/index.ts";
import { configModule, meshAbove } from "../../compiler/load/mesh-folder.ts";
import { graphChanges } from "../../compiler/snapshot/graph-changes.ts";
import { graphFiles, type GraphFile, type Snapshot } from "../../compiler/snapshot/graph-files.ts";
import { presentFiles, replacedGraph } from "../../compiler/snapshot/graph-folder.ts";
import { graphFolder, readSnapshot } from "../../compiler/snapshot/read-snapshot.ts";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { counted } from "../counted.ts";

export interface SyncInput {
  readonly mesh: string;
  readonly namespace: string;
  readonly subsetLabel: string;
  readonly revision?: string;
}

export interface Synced {
  readonly diagnostics: readonly Diagnostic[];
  /** What was done, for people; empty where nothing was. */
  readonly summary: string;
  readonly stale: boolean;
}

/** Reads manifests and brings the mesh folder's graph to what they say; only compares if `check`. */
export const syncedGraph = async (
  inputs: readonly string[],
  { mesh, namespace, subsetLabel, revision }: SyncInput,
  check: boolean,
): Promise<Synced> => {
  // A graph inside of a mesh would be one that no policy sees.
  const above = existsSync(mesh) && !existsSync(join(mesh, configModule)) ? meshAbove(mesh) : undefined;
  if (above !== undefined)
    return { diagnostics: [diagnostic("MESH0002", { folder: mesh, above })], summary: "", stale: false };
  const { value: found, diagnostics } = await discover(inputs, { namespace, subsetLabel, revision });
  if (found === undefined) return { diagnostics, summary: "", stale: false };
  const now: Snapshot = { graph: found.graph, platform: found.platform, options: { namespace, subsetLabel } };
  const files = graphFiles(now);
  const old = await readSnapshot(mesh);
  // Whoever wrote a newer one knew more than this code can keep.
  const newer = old.diagnostics.filter(({ code }) => code === "MESH4031");
  if (newer.length > 0) return { diagnostics: [...diagnostics, ...newer], summary: "", stale: false };
  const isNew = old.diagnostics.some(({ code }) => code === "MESH4030");
  const folder = join(mesh, graphFolder);
  const present = await presentFiles(mesh);

  if (check) {
    if (old.value === undefined && !isNew)
      return { diagnostics: [...diagnostics, ...old.diagnostics], summary: "", stale: false };
    const changes = old.value
      ? [...graphChanges(old.value, now), ...changedHandles(present, files)]
      : ["it is not there yet"];
    if (changes.length > 0)
      return {
        diagnostics: [...diagnostics, diagnostic("MESH4035", { path: folder, changes })],
        summary: "",
        stale: true,
      };
    return { diagnostics, summary: `${folder} says what the manifests say\n`, stale: false };
  }

  const size = `${counted(found.graph.services.length, "service")} and ${counted(found.graph.workloads.length, "workload")} in ${counted(found.graph.namespaces.length, "namespace")}`;
  const ignored =
    found.ignored.size === 0
      ? ""
      : `ignored: ${[...found.ignored].map(([kind, count]) => `${count} ${kind}`).join(", ")}\n`;
  if (sameFiles(present, files))
    return { diagnostics, summary: `${folder} is up to date: ${size}\n${ignored}`, stale: false };
  const unwritten = await replacedGraph(mesh, files);
  if (unwritten) return { diagnostics: [...diagnostics, unwritten], summary: "", stale: false };
  const changes = old.value ? graphChanges(old.value, now) : [];
  return {
    diagnostics,
    summary: `${folder} written: ${size}\n${changes.map((change) => `  ${change}\n`).join("")}${ignored}`,
    stale: false,
  };
};

const changedHandles = (present: readonly GraphFile[], wanted: readonly GraphFile[]): readonly string[] => {
  const modules = (files: readonly GraphFile[]): ReadonlyMap<string, string> =>
    new Map(files.flatMap(({ path, text }) => (path.endsWith(".ts") ? [[path, text]] : [])));
  const [before, after] = [modules(present), modules(wanted)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path) => {
    if (!before.has(path)) return [`${path} is missing`];
    if (!after.has(path)) return [`${path} is left over`];
    return before.get(path) === after.get(path) ? [] : [`${path} differs`];
  });
};

const sameFiles = (a: readonly GraphFile[], b: readonly GraphFile[]): boolean => {
  const texts = new Map(a.map(({ path, text }) => [path, text]));
  return a.length === b.length && b.every(({ path, text }) => texts.get(path) === text);
};
