import type { Mtls } from "./policy.ts";

export interface MeshConfig {
  /** Which namespaces the modules of a folder (and below) may speak for; the deepest folder counts. `"."` is the mesh folder. */
  readonly folders: Readonly<Record<string, readonly string[]>>;
  /** The values of `--env` that `vary` may name. */
  readonly environments?: readonly string[];
  readonly defaults: {
    /** For workloads whose policy and namespace say nothing. */
    readonly mtls: Mtls;
    /** Who may call a service whose policy has no `allow`. */
    readonly access: "anyone" | "nobody";
  };
}

/** The mesh's own settings: the default export of `mesh.config.ts`. */
export const mesh = (config: MeshConfig): MeshConfig => config;
