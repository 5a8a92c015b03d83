import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterApi } from "../../runtime/gitops/cluster/index.ts";
import { install } from "../rig/install.ts";
import { installPackagers } from "../rig/packagers.ts";
import type { Suite } from "../suite.ts";
import { confinement } from "./install/confined.ts";
import { manifests } from "./install/manifests.ts";
import { pods } from "./install/pod.ts";
import { roles } from "./install/roles.ts";
import { statuses } from "./install/status.ts";
import { allValues, istioDefinitions, rootNamespace, served } from "./install/surroundings.ts";
import { lastingApiServer } from "./lasting-api-server.ts";

/** The chart and the kustomize base in a real kube-apiserver, and what mesh-sync may do and shows there. */
export const installConformance: Suite = async (verdicts) => {
  const tools = await install();
  const packagers = await installPackagers();
  const server = await lastingApiServer(tools);
  const api = clusterApi({ access: server.access() });
  const folder = mkdtempSync(join(tmpdir(), "meshwright-install-"));
  const surroundings = { server, api, packagers, folder };
  try {
    await server.kube.apply(istioDefinitions(tools.istioCrds));
    // Who installs this has an Istio, and its namespace.
    await server.kube.apply(
      [rootNamespace, allValues.rootNamespace].map((name) => ({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name },
      })),
    );
    await served({ server }, [
      "/apis/networking.istio.io/v1/virtualservices",
      "/apis/security.istio.io/v1/peerauthentications",
    ]);
    await manifests(verdicts, surroundings);
    await statuses(verdicts, surroundings);
    await roles(verdicts, surroundings);
    await pods(verdicts, surroundings, tools);
    await confinement(verdicts, folder);
  } finally {
    await api.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
