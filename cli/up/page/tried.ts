import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Tried, TriedAnswer, TriedRequest } from "../../../compiler/preview/page/live.ts";
import type { Placement } from "../../../lib/graph/placement.ts";
import type { Call, HttpRequest } from "../../../lib/model/call.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { callOf } from "../../explain/call.ts";
import { explanation } from "../../explain/explanation.ts";
import { explained } from "../../explain/text.ts";

export interface Tries {
  readonly mesh: Mesh;
  readonly placement: Placement;
  readonly spansOf: Parameters<typeof explanation>[2];
}

/**
 * Sends a request as its caller would, through the proxy beside it, or as somebody outside through a gateway; and says what
 * the policies say of it. INVARIANT: nothing is dialled but a port that a proxy of this mesh listens at.
 */
export const tried = async (
  { from, method, url, headers }: TriedRequest,
  { mesh, placement, spansOf }: Tries,
): Promise<Tried> => {
  const asked = callOf({ request: `${method} ${url}`, from, headers }, mesh);
  if ("refused" in asked) return asked;
  const { call } = asked;
  if (call.request === "connection") return { refused: "requests are tried here, connections are not" };
  const port = entrance(call, mesh, placement);
  if (typeof port === "string") return { refused: port };
  const [answer, { decision, spans }] = await Promise.all([
    answered(port, call.request),
    explanation(call, mesh, (origins) => spansOf(origins).catch(() => new Map())),
  ]);
  return { answer, explanation: explained(call, decision, spans) };
};

/** The port of this machine by which a call enters the mesh, or why it has none. */
const entrance = ({ from, to, port }: Call, mesh: Mesh, { instances }: Placement): number | string => {
  const { workload, destination } = lookup(mesh);
  if (from !== "outside") {
    const found = instances[from]?.[0]?.loopback?.services[port];
    return (
      found ?? `${from} has no proxy that it could call port ${port} through: nothing that it may call has that port`
    );
  }
  const behind =
    to.kind === "workload"
      ? { ids: [to.workload], target: port }
      : {
          ids: to.kind === "destination" ? (destination(to.host)?.workloads ?? []) : [],
          target:
            to.kind === "destination" ? destination(to.host)?.ports.find(({ number }) => number === port)?.target : 0,
        };
  const gateway = behind.ids.find((id) => workload(id)?.proxy === "gateway");
  const found = gateway === undefined ? undefined : instances[gateway]?.[0]?.ports?.[behind.target ?? 0];
  return found ?? "from outside only what a gateway lets in can be called";
};

const patienceMs = 15_000;
const mostBytes = 16 * 1024;

const answered = (port: number, { method, target, host, headers }: HttpRequest): Promise<TriedAnswer | string> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const failed = (error: unknown): void =>
      resolve(`no answer: ${error instanceof Error ? error.message : String(error)}`);
    try {
      const request = httpRequest({
        host: "127.0.0.1",
        port,
        method,
        path: target,
        agent: false,
        // Without this, methods that mostly have a body would be sent with an empty one in chunks.
        headers: ["host", host, ...(/^P/.test(method) ? ["content-length", "0"] : []), ...headers.flat()],
        signal: AbortSignal.timeout(patienceMs),
      });
      request.once("error", failed);
      request.once("upgrade", (_, socket) => {
        socket.destroy();
        failed("the connection became something else than HTTP");
      });
      request.once("response", (response) => {
        begun(response).then((body) => {
          request.destroy();
          resolve({
            status: response.statusCode ?? 0,
            milliseconds: Math.round(performance.now() - startedAt),
            headers: pairs(response.rawHeaders),
            ...body,
          });
        }, failed);
      });
      request.end();
    } catch (error) {
      failed(error);
    }
  });

/** The beginning of a body, whatever it is. */
const begun = async (response: IncomingMessage): Promise<Pick<TriedAnswer, "body" | "isWhole">> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) break;
  }
  const text = Buffer.concat(chunks).subarray(0, mostBytes).toString();
  return { body: text.replaceAll("\r\n", "\n").replaceAll("\t", "  "), isWhole: bytes <= mostBytes };
};

const pairs = (raw: readonly string[]): readonly (readonly [string, string])[] =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []));
