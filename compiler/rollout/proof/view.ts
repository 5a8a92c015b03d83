import type { Mesh } from "../../../lib/model/mesh.ts";
import type { Decided } from "../../../lib/requests/decided/decided.ts";

/** What callers' proxies and callees' hold at one moment. */
export interface View {
  readonly decided: Decided;
  readonly server: Mesh;
}

export const meshesOf = (views: readonly View[]): readonly Mesh[] => [
  ...new Set(views.flatMap(({ decided, server }) => [decided.mesh, server])),
];
