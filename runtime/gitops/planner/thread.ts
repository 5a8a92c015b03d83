import { parentPort, workerData } from "node:worker_threads";
import { rolloutPlan } from "../../../compiler/rollout/plan.ts";
import type { PlanRequest } from "./planner.ts";

const { before, after, base } = workerData as PlanRequest;
parentPort!.postMessage(rolloutPlan(before, after, base));
