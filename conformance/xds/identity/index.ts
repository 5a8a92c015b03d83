import type { Suite } from "../../suite.ts";
import { envoyFiles } from "./envoy-files.ts";
import { tokenReview } from "./token-review.ts";

/** Identities against a real kube-apiserver and a real Envoy. */
export const identityConformance: Suite = async (verdicts) => {
  await tokenReview(verdicts);
  await envoyFiles(verdicts);
};
