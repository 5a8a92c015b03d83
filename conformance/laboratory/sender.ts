import type { Call } from "../../lib/model/call.ts";
import type { Plan as ServerPlan, RigRequest, RigResponse } from "../rig/agent/protocol.ts";
import type { Workload } from "../rig/workload.ts";
import { servedHeaders, type Observed } from "./oracle/observation.ts";

/** What a server of the rig is told to do with the requests that carry this order. */
export interface Plan {
  /** Answer every attempt with this status. */
  readonly status?: number;
  /** Milliseconds before it answers. */
  readonly delay?: number;
}

export interface Trial {
  readonly call: Call;
  readonly plan?: Plan;
}

/** Sends trials from the workloads that they name, and tells what each caller saw, in order. */
export type Sender = (trials: readonly Trial[]) => Promise<readonly Observed[]>;

/** Who sends, and whither a call goes, as of the moment of sending. */
export interface Whereabouts {
  readonly pod: (id: string) => Workload;
  readonly addressOf: (call: Call) => string;
}

/** Numbers its requests, so that no two of a run are taken for one. */
export const sender = (whereabouts: Whereabouts): Sender => {
  let serial = 0;
  return async (trials) => {
    const observed: Observed[] = Array.from({ length: trials.length });
    const bySender = new Map<string, number[]>();
    trials.forEach(({ call }, index) => bySender.set(call.from, [...(bySender.get(call.from) ?? []), index]));
    await Promise.all(
      [...bySender].map(async ([from, indices]) => {
        const sender = whereabouts.pod(from);
        const http = indices.filter((index) => trials[index]!.call.request !== "connection");
        const bytes = indices.filter((index) => trials[index]!.call.request === "connection");
        const requests = http.map((index): RigRequest => {
          serial += 1;
          return requestOf(trials[index]!, whereabouts.addressOf(trials[index]!.call), serial);
        });
        const responses = await sender.send(requests);
        responses.forEach((response, position) => (observed[http[position]!] = seen(response)));
        const answers = await sender.sendTcp(
          bytes.map((index) => ({
            to: whereabouts.addressOf(trials[index]!.call),
            port: trials[index]!.call.port,
            data: "hello\n",
          })),
        );
        answers.forEach((answer, position) => {
          const data = answer.kind === "data" ? answer.data.trim() : "";
          observed[bytes[position]!] =
            data === ""
              ? { kind: "failed", reason: answer.kind === "error" ? answer.reason : "closed" }
              : { kind: "connected", workload: data };
        });
      }),
    );
    return observed;
  };
};

const requestOf = ({ call, plan }: Trial, to: string, serial: number): RigRequest => {
  if (call.request === "connection") throw new Error("unreachable: connections are sent as bytes");
  const { method, target, host, headers } = call.request;
  const order: ServerPlan = {
    headers: servedHeaders,
    // Every attempt fails: servers that are told so count together.
    ...(plan?.status !== undefined && { fail: { times: Number.MAX_SAFE_INTEGER, status: plan.status } }),
    ...(plan?.delay !== undefined && { delayMs: plan.delay }),
  };
  return {
    to,
    port: call.port,
    method,
    target,
    headers: [["Host", host], ...headers, ["x-rig-id", String(serial)], ["x-rig-plan", JSON.stringify(order)]],
  };
};

const seen = (response: RigResponse): Observed => {
  if (response.kind === "error") return { kind: "failed", reason: response.reason };
  const lower = (headers: readonly (readonly [string, string])[]) =>
    headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    kind: "response",
    status: response.status,
    headers: lower(response.headers),
    body: response.body,
    ...(response.echo && { echo: { ...response.echo, headers: lower(response.echo.headers) } }),
  };
};
