import type { Site } from "../plane.ts";
import type { Certificate } from "../certificates.ts";
import { child, eventually, type Child } from "../process.ts";
import { ports, rootNamespace } from "./ports.ts";

/** istiod as a process that can be exchanged above the same API server: how long it waits for quiet is read at its start alone. */
export interface Discovery {
  readonly process: () => Child;
  /** Ends it and starts it anew, with `PILOT_DEBOUNCE_AFTER` as given; resolves when it is ready. */
  readonly restarted: (debounceAfter: string) => Promise<void>;
}

interface DiscoveryFiles {
  readonly meshFile: string;
  readonly kubeconfig: string;
  readonly authorityFile: string;
  readonly webhook: Certificate;
}

export const discovery = async (
  { tools, directory, anchor, agent }: Pick<Site, "tools" | "directory" | "anchor" | "agent">,
  { meshFile, kubeconfig, authorityFile, webhook }: DiscoveryFiles,
  debounceAfter: string,
  needs: readonly Child[],
): Promise<Discovery> => {
  const started = async (after: string): Promise<Child> => {
    const istiod = child(
      directory,
      "istiod",
      [
        tools.pilotDiscovery,
        "discovery",
        "--meshConfig",
        meshFile,
        "--kubeconfig",
        kubeconfig,
        "--grpcAddr",
        `:${ports.discovery}`,
        "--httpsAddr",
        `:${ports.webhook}`,
        "--monitoringAddr",
        `:${ports.debug}`,
        "--tlsCertFile",
        webhook.certificateFile,
        "--tlsKeyFile",
        webhook.keyFile,
        "--caCertFile",
        authorityFile,
        "--shutdownDuration",
        "1s",
      ],
      {
        inside: anchor.pid,
        env: {
          POD_NAMESPACE: rootNamespace,
          POD_NAME: "istiod-rig",
          // An upstream Envoy refuses listeners with the filters that only Istio's own build has.
          PILOT_ENABLE_METADATA_EXCHANGE: "false",
          PILOT_ENABLE_ALPN_FILTER: "false",
          // We register the webhook ourselves, ready from its first moment; istiod's controller would patch it later.
          VALIDATION_WEBHOOK_CONFIG_NAME: "",
          PILOT_DEBOUNCE_AFTER: after,
        },
      },
    );
    await eventually("istiod is ready", () => agent.fetched(8080, "/ready"), {
      needs: [...needs, istiod],
      timeoutMs: 60_000,
    });
    return istiod;
  };
  let istiod = await started(debounceAfter);
  return {
    process: () => istiod,
    async restarted(after) {
      await istiod.stop();
      istiod = await started(after);
    },
  };
};
