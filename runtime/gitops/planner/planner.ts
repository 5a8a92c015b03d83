import { Worker } from "node:worker_threads";
import { programFile } from "../../../compiler/load/installation.ts";
import { changes, stateOf } from "../../../compiler/rollout/change.ts";
import type { Plan } from "../../../compiler/rollout/plan.ts";
import type { PlanBase } from "../../../compiler/rollout/proof/step-proof.ts";
import type { Staged } from "../../../lib/diagnostics/diagnostic.ts";
import type { KubernetesObject } from "../../../targets/istio/object.ts";

export interface PlanRequest {
  /** In the order of their age. */
  readonly before: readonly KubernetesObject[];
  readonly after: readonly KubernetesObject[];
  readonly base: PlanBase;
}

/**
 * `rolloutPlan` in a thread of its own: of a large mesh it takes long, while leases are to be renewed and probes answered. Rejects as
 * that throws, and with the signal's reason.
 */
export const planOf = (request: PlanRequest, signal: AbortSignal): Promise<Staged<Plan>> => {
  if (changes(stateOf(request.before), stateOf(request.after)).length === 0)
    return Promise.resolve({ value: { kind: "safe", steps: [] }, diagnostics: [] });
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const thread = new Worker(programFile("runtime/gitops/planner/thread"), { workerData: request });
    const ended = (): void => {
      signal.removeEventListener("abort", aborted);
      void thread.terminate();
    };
    const aborted = (): void => {
      ended();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", aborted, { once: true });
    thread.once("message", (planned: Staged<Plan>) => {
      ended();
      resolve(planned);
    });
    thread.once("error", (error) => {
      ended();
      reject(error);
    });
    thread.once("exit", (code) => reject(new Error(`the thread that plans ended by itself, with ${code}`)));
  });
};
