import type { Diagnostic, Staged } from "../lib/diagnostics/diagnostic.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Placement } from "../lib/graph/placement.ts";
import type { Platform } from "../lib/graph/platform.ts";
import type { Mesh } from "../lib/model/mesh.ts";

/** A file of a target's output, its path relative to the output folder. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/**
 * A platform's own configuration, as a pure pair. The law for every mesh `m`: `read(emit(m))` means what `m` means.
 *
 * INVARIANT: no target knows the compiler, another target, or a file system.
 */
export interface Target<Artifact> {
  readonly name: string;
  /** What the target was made for and this platform is not. */
  readonly mismatches: (platform: Platform) => readonly Diagnostic[];
  /** What of a mesh the artifacts cannot say, or say in vain: nothing is left out silently. */
  readonly omissions: (mesh: Mesh, placement: Placement) => readonly Diagnostic[];
  /** In a total order. Where things run matters to those targets alone whose proxies ask no other system for it. */
  readonly emit: (mesh: Mesh, placement: Placement) => readonly Artifact[];
  /** Loads what reads artifacts back: building has no need of it, and it is the larger half. */
  readonly reader: () => Promise<Reader<Artifact>>;
  readonly files: (artifacts: readonly Artifact[]) => readonly OutputFile[];
}

/** What a platform would make of these artifacts; what it cannot say in a `Mesh` is a diagnostic, never left out silently. */
export type Reader<Artifact> = (
  artifacts: readonly Artifact[],
  base: {
    readonly graph: ServiceGraph;
    readonly platform: Platform;
    /** Where things run: what addresses stand for. Of no use to targets whose artifacts name no addresses. */
    readonly placement: Placement;
  },
) => Staged<Mesh>;
