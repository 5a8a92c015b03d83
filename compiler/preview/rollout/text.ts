import type { Call } from "../../../lib/model/call.ts";
import type { Write } from "../../rollout/change.ts";
import type { Plan } from "../../rollout/plan.ts";
import type { Step } from "../../rollout/step.ts";
import { printable } from "../diff/printable.ts";

/** A plan for a terminal: its steps, each with its writes; or the call that no order spares. */
export const planText = (plan: Plan): string =>
  planLines(plan)
    .map((line) => `${line}\n`)
    .join("");

/** The same as lines, to be shown among others. */
export const planLines = (plan: Plan): readonly string[] => {
  if (plan.steps.length === 0) return ["nothing to roll out"];
  const lines = plan.steps.flatMap((step, index) => [
    `${index + 1}. ${phaseWords[step.phase]}`,
    ...step.writes.map((write) => `   ${writeWords(write)}`),
  ]);
  return [...lines, ...verdict(plan)].map(printable);
};

const phaseWords: Readonly<Record<Step["phase"], string>> = {
  prepare: "prepare: callers load what they will call, and are held to the TLS that they use",
  declare: "declare: external hosts become known",
  expand: "expand: what is to come is added",
  switch: "switch: calls go over",
  contract: "contract: what nothing leads to goes",
  withdraw: "withdraw: external hosts are forgotten",
  finish: "finish: callers are left to themselves",
};

/** `update VirtualService shop/cart`. */
export const writeWords = ({ name, before, after }: Write): string =>
  `${before === undefined ? "create" : after === undefined ? "delete" : "update"} ${name}`;

const verdict = (plan: Plan): readonly string[] => {
  switch (plan.kind) {
    case "safe":
      return [
        `safe: no call fails that is delivered before and after, none gets through that is refused before and after`,
      ];
    case "unsafe":
      return [`UNSAFE: ${brokenWords(plan)}`];
    case "unproved":
      return [`unproved: ${plan.why}`];
  }
};

/** The call that breaks, and what breaks it. */
export const brokenWords = ({ broken: { what, call }, at }: Extract<Plan, { readonly kind: "unsafe" }>): string =>
  `${callWords(call)} ${what === "fails" ? "fails, though it is delivered before and after" : "gets through, though it is refused before and after"}, at ${at.writes.map(writeWords).join(", ")}`;

const callWords = ({ from, to, port, request }: Call): string => {
  const where = to.kind === "destination" ? to.host : to.kind === "workload" ? to.workload : "elsewhere";
  const what = request === "connection" ? "a connection" : `${request.method} ${request.target}`;
  const named = request === "connection" || request.host === where ? "" : ` as ${request.host}`;
  const headers = request === "connection" ? [] : request.headers.map(([name, value]) => `${name}: ${value}`);
  return `${what} from ${from} to ${where}:${port}${named}${headers.length === 0 ? "" : ` with ${headers.join(", ")}`}`;
};
