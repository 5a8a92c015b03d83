import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { eventually } from "../../conformance/rig/process.ts";
import { echoPath, type Backing } from "./backend.ts";
import { bodies, type Security } from "./cases.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { canary, openPrefix, otherHost, requestHeaders } from "./request.ts";

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const asked = (port: number, path: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = { ...Object.fromEntries(requestHeaders), ...more };
    const request = httpRequest({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end();
  });

/** Waits until a proxy serves; throws where it does not do what is then timed. */
export const checked = async (contestant: Contestant, { digests }: Backing): Promise<void> => {
  const { name, process, ports, rules } = contestant;
  for (const [security, port] of Object.entries(ports) as readonly [Security, number][]) {
    const must = (holds: boolean, what: string, { status, body }: Answer): void => {
      const shown = body.subarray(0, 200).toString("latin1");
      if (!holds) throw new Error(`${name}, ${security}: ${what}, but the answer was ${status} ${shown}`);
    };
    await eventually(`${name} serves`, async () => ((await asked(port, echoPath)).status === 200 ? true : undefined), {
      needs: [process],
    });
    for (const { name: body, path } of bodies) {
      const answer = await asked(port, path);
      const digest = createHash("sha256").update(answer.body).digest("hex");
      must(answer.status === 200 && digest === digests[body], `${body} must come whole`, answer);
    }
    if (!rules) continue;
    const echoed = async (what: string, said: RegExp, more?: Readonly<Record<string, string>>): Promise<void> => {
      const answer = await asked(port, echoPath, more);
      must(answer.status === 200 && said.test(answer.body.toString()), what, answer);
    };
    await echoed("the backend must hear a request id", /^stable [-0-9a-f]{36} /);
    await echoed("a header must lead to another route", /^canary /, { [canary.name]: canary.value });
    await echoed("another host must lead to another backend", /^other /, { Host: otherHost });
    for (const path of ["/closed", `${openPrefix}../closed`]) {
      const answer = await asked(port, path);
      must(answer.status === 403, `${path} must be refused`, answer);
    }
    const stranger = await asked(port, echoPath, { Host: "nobody.example" });
    must(stranger.status === 404, "an unknown host must be refused", stranger);
  }
};
