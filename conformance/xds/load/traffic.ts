import { chownSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../../lib/model/call.ts";
import type { Laboratory } from "../../laboratory/laboratory.ts";
import { proxyOwnedHeaders, servedHeaders, type Observed } from "../../laboratory/oracle/observation.ts";
import { applicationUser } from "../../rig/agent/launch.ts";
import { child } from "../../rig/process.ts";
import type { CallerLine, CallerOptions, Seen, SentCall } from "./caller.ts";
import { callers } from "./mesh.ts";

/** One request of the load. Times are milliseconds since 1970, the same clock for all. */
export interface Sent {
  readonly call: Call;
  readonly observed: Observed;
  readonly begun: number;
  readonly ended: number;
  /** Who sent it, on which of its lanes; the same lane of a kept one is the same connection as long as `connection` is. */
  readonly lane: string;
  readonly connection: string;
  /** The connection on which the server got it, in the server's words. */
  readonly peer: string;
}

export interface Traffic {
  /** Everything that was sent, in the order of its end, when the last answer is there. */
  readonly stopped: () => Promise<readonly Sent[]>;
}

/** Of each caller. With a pause of 30 ms and some for the answer that makes some 30 requests a second of each lane. */
export interface Lanes extends Pick<CallerOptions, "kept" | "fresh" | "pauseMs"> {
  /** Told apart from other traffic at the same time. */
  readonly name: string;
}

const program = join(import.meta.dirname, "caller.ts");

/** These calls steadily, each from its caller, by programs that run where its application runs. */
export const traffic = (
  calls: readonly Call[],
  { name, ...lanes }: Lanes,
  lab: Laboratory,
  directory: string,
  addressOf: (host: string) => string,
): Traffic => {
  const sent = callers.map((id) => {
    const pod = lab.pod(id);
    const own = calls.filter(({ from }) => from === id);
    const out = join(directory, `${pod.pod}.${name}.requests`);
    const config = join(directory, `${pod.pod}.${name}.json`);
    const options: CallerOptions = {
      out,
      calls: own.map((call) => written(call, addressOf)),
      ...lanes,
      ignored: [...proxyOwnedHeaders.keys(), "date", "x-envoy-upstream-service-time"],
    };
    writeFileSync(out, "");
    chownSync(out, applicationUser, applicationUser);
    writeFileSync(config, JSON.stringify(options));
    const process_ = child(directory, `${pod.pod}.${name}`, [process.execPath, program, config], {
      inside: pod.process?.pid ?? 0,
      uid: applicationUser,
      gid: 0,
    });
    return { id, own, out, process_ };
  });
  return {
    stopped: async () => {
      await Promise.all(sent.map(({ process_ }) => process_.stop(30_000)));
      return sent
        .flatMap(({ id, own, out }) => requests(`${id} ${name}`, own, readFileSync(out, "utf8")))
        .sort((a, b) => a.ended - b.ended);
    },
  };
};

const written = ({ to, port, request }: Call, addressOf: (host: string) => string): SentCall => {
  if (request === "connection" || to.kind !== "destination")
    throw new Error("unreachable: the load is HTTP to services");
  const { method, target, host, headers } = request;
  const plan = JSON.stringify({ headers: servedHeaders });
  return {
    to: addressOf(to.host),
    port,
    method,
    target,
    headers: [["Host", host], ...headers, ["x-rig-plan", plan]],
  };
};

const requests = (from: string, own: readonly Call[], text: string): readonly Sent[] => {
  const seen = new Map<number, Observed>();
  return text.split("\n").flatMap((line): readonly Sent[] => {
    if (line === "") return [];
    const said = JSON.parse(line) as CallerLine;
    if (said[0] === "seen") {
      seen.set(said[1], observedOf(said[2]));
      return [];
    }
    const [, begun, ended, call, number, lane, connection, peer] = said;
    const observed = seen.get(number);
    if (observed === undefined) throw new Error(`${from} saw ${number}, and does not say what that is`);
    return [
      {
        call: own[call] as Call,
        observed,
        begun,
        ended,
        lane: `${from} ${lane}`,
        connection: `${from} ${connection}`,
        peer,
      },
    ];
  });
};

const observedOf = (seen: Seen): Observed =>
  seen.kind === "failed"
    ? seen
    : {
        kind: "response",
        status: seen.status,
        headers: seen.headers,
        body: seen.body ?? "",
        echo: seen.echo && { ...seen.echo, attempt: 0 },
      };
