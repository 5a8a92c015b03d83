import { install } from "../../rig/install.ts";
import type { Suite } from "../../suite.ts";
import { loopbackApiServer } from "./api-server.ts";
import { envoyFiles } from "./envoy-files.ts";
import { expiredStreams } from "./expired-streams.ts";
import { sharedRoots } from "./shared-roots.ts";
import { tokenReview } from "./token-review.ts";

/** Identities against a real kube-apiserver and a real Envoy. */
export const identityConformance: Suite = async (verdicts) => {
  const server = await loopbackApiServer(await install());
  try {
    await tokenReview(server, verdicts);
    // Either mostly waits: for a certificate that is past, and for replicas that look again.
    const both = await Promise.allSettled([sharedRoots(server, verdicts), expiredStreams(verdicts)]);
    for (const one of both) if (one.status === "rejected") throw one.reason;
  } finally {
    await server.stop();
  }
  await envoyFiles(verdicts);
};
