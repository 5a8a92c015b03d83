import type { BenchService } from "./mesh.ts";

/** How one tool's user would write the mesh: relative path → content. */
export type Sources = (services: readonly BenchService[]) => Readonly<Record<string, string>>;
