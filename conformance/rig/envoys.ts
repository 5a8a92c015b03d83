import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { captured, captureInstalled } from "./network.ts";
import type { Proxies } from "./plane.ts";
import type { PlacedPod } from "./workload.ts";

/** How the Envoys of a plane are started. */
export interface EnvoyOptions {
  /** The rig's when absent. */
  readonly binary?: string;
  /** Whole seconds that connections have to end when what they came in by was replaced; 0 when absent, so that meshes settle at once. */
  readonly drainSeconds?: number;
}

/** An Envoy in each pod, which captures as Istio's does and starts with the whole configuration that its plane writes. */
export const envoys = (
  bootstrap: (pod: PlacedPod) => Promise<unknown>,
  { binary, drainSeconds = 0 }: EnvoyOptions = {},
): Proxies => ({
  kind: "Envoy",
  async command(placed, { tools, directory }) {
    const configuration = join(directory, `${placed.pod}.${placed.spec.namespace}.envoy.json`);
    writeFileSync(configuration, JSON.stringify(await bootstrap(placed)));
    return {
      argv: [
        binary ?? tools.envoy,
        "-c",
        configuration,
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--drain-time-s",
        String(drainSeconds),
        "--drain-strategy",
        "immediate",
        "--log-level",
        "warning",
      ],
    };
  },
  probe: "/server_info",
  capture: captureInstalled,
  captured,
  tells: ["/config_dump?include_eds"],
  // In an inline string or inline bytes.
  hides: /\[redacted\]|W3JlZGFjdGVkXQ==/,
});
