import type { Verdicts } from "../../suite.ts";
import { hostileAdmission } from "./admission.ts";
import { hostileJoins } from "./join.ts";
import { hostileRequests } from "./requests.ts";
import { scene } from "./scene.ts";
import { hostileSlowness } from "./slow.ts";

/** Bad input at a running control plane: it is refused or bounded and said in the log, and honest clients notice nothing. */
export const hostileConformance = async (verdicts: Verdicts): Promise<void> => {
  const attacked = await scene(verdicts);
  try {
    for (const hostile of [hostileAdmission, hostileRequests, hostileSlowness, hostileJoins]) await hostile(attacked);
  } finally {
    await attacked.stop();
  }
};
