import { readFileSync } from "node:fs";
import { clusterApi } from "../../runtime/gitops/cluster/index.ts";
import { install } from "../rig/install.ts";
import type { KubeObject } from "../rig/kube.ts";
import type { Suite } from "../suite.ts";
import { applySets } from "./cluster/apply-sets.ts";
import { credentials } from "./cluster/credentials.ts";
import { drift } from "./cluster/drift.ts";
import { leases } from "./cluster/leases.ts";
import { refusals } from "./cluster/refusals.ts";
import { watches } from "./cluster/watches.ts";
import { writes } from "./cluster/writes.ts";
import { lastingApiServer } from "./lasting-api-server.ts";

/** The client of mesh-sync against a real kube-apiserver with Istio's definitions. */
export const clusterConformance: Suite = async (verdicts) => {
  const tools = await install();
  const server = await lastingApiServer(tools);
  const definitions = (JSON.parse(readFileSync(tools.istioCrds, "utf8")) as readonly KubeObject[]).filter(
    ({ metadata }) => metadata.name.endsWith(".networking.istio.io"),
  );
  const api = clusterApi({ access: server.access() });
  const surroundings = { server, api, definitions };
  try {
    await refusals(verdicts, surroundings);
    await writes(verdicts, surroundings);
    await drift(verdicts, surroundings);
    await applySets(verdicts, surroundings);
    await credentials(verdicts, surroundings);
    await leases(verdicts, surroundings);
    await watches(verdicts, surroundings);
  } finally {
    await api.close();
    await server.stop();
  }
};
