import type { Mesh } from "../../lib/model/mesh.ts";

/** The same mesh with mTLS off everywhere: the rig hands out no certificates yet, so its traffic is plain; mTLS is read from configuration. */
export const inPlainText = (mesh: Mesh): Mesh => ({
  ...mesh,
  mtls: [{ selector: { kind: "mesh" }, mode: "disabled", origin: { module: "conformance", path: [] } }],
});
