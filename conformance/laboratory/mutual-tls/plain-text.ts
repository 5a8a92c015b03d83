import type { RigRequest } from "../../rig/agent/protocol.ts";
import type { Workload } from "../../rig/workload.ts";
import type { Callee } from "./strict.ts";

let serial = 0;

/** Dials every port of a workload without TLS, as somebody without a proxy; tells what came through. */
export const plainTextThrough = async (caller: Workload, callee: Callee): Promise<readonly string[]> => {
  const { workload, pod, ports } = callee;
  const told = (port: number, what: string): string =>
    `${caller.pod} reached ${workload.id}:${port} in plain text: ${what}`;
  const requests = ports.map(({ number }): RigRequest & { readonly id: string } => {
    serial += 1;
    const id = `plain-text-${serial}`;
    const headers = [
      ["host", "plain.text"],
      ["x-rig-id", id],
    ] as const;
    return { to: pod.address, port: number, method: "GET", target: "/", headers, fresh: true, timeoutMs: 3000, id };
  });
  const answers = await caller.send(requests);
  const bytes = await caller.sendTcp(
    ports.map(({ number }) => ({ to: pod.address, port: number, data: "hello\n", timeoutMs: 3000 })),
  );
  const attempts = await pod.attempts();
  return [
    ...answers.flatMap((answer, index) => {
      const { port, id } = requests[index]!;
      if (answer.kind === "response") return [told(port, `${answer.status}`)];
      if (answer.reason.startsWith("no answer within")) return [told(port, "the connection was left open")];
      return attempts[id] === undefined ? [] : [told(port, "it was not answered, but delivered")];
    }),
    ...bytes.flatMap((answer, index) => {
      const { number } = ports[index]!;
      if (answer.kind === "data") return [told(number, JSON.stringify(answer.data))];
      return answer.reason.startsWith("no answer within") ? [told(number, "the connection was left open")] : [];
    }),
  ];
};
