import type { Proxies, Site } from "../plane.ts";
import { adminPort, type PlacedPod } from "../workload.ts";
import { applicationPort, captured, captureInstalled } from "./capture.ts";

/** How the project's own proxies are started in pods; `told` says by which options one learns what to do. */
export const runningMeshProxies = (
  program: string,
  { mesh, webRoots }: Pick<Site, "mesh" | "webRoots">,
  told: (placed: PlacedPod) => readonly string[],
): Proxies => ({
  kind: "mesh-proxy",
  async command(placed) {
    const identity = await mesh.identityFolder(placed);
    const where = [...told(placed), "--identity", identity, "--admin", `127.0.0.1:${adminPort}`];
    return {
      argv: [process.execPath, program, "run", ...where],
      env: { NODE_EXTRA_CA_CERTS: webRoots },
    };
  },
  // Whether it was told anything is waited for elsewhere.
  probe: "/healthz",
  capture: captureInstalled,
  captured,
  applicationPort,
  tells: ["/status", "/metrics"],
  // A key has no place in what it tells; whose it is does.
  hides: /"certificate": "spiffe:/,
});
