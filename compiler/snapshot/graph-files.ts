import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import { handleModule } from "./handle-module.ts";

/** A graph as it is kept beside the policies. */
export interface Snapshot {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly options: SnapshotOptions;
}

/** How the manifests were read: another reading of the same manifests is another graph. */
export interface SnapshotOptions {
  readonly namespace: string;
  readonly subsetLabel: string;
}

/** The version of the files' format that this code writes, and the only one that it reads. */
export const snapshotVersion = 1;
export const snapshotFile = "snapshot.json";
export const platformFile = "platform.json";
export const generator = "mesh-compile graph sync; do not edit";

export interface GraphFile {
  readonly path: string;
  readonly text: string;
}

/** The files of the graph folder, all of them: equal snapshots make equal bytes. */
export const graphFiles = ({ graph, platform, options }: Snapshot): readonly GraphFile[] => [
  { path: snapshotFile, text: json({ generator, version: snapshotVersion, options, graph }) },
  { path: platformFile, text: json({ generator, version: snapshotVersion, platform }) },
  ...graph.namespaces.map(({ name }) => ({ path: `${name}.ts`, text: handleModule(name, graph) })),
];

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
