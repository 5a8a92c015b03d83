import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { headerOf, messageBytes, messageReader, type Message } from "./http1.ts";
import type { AgentSettings, Echo, Plan, ServedPort } from "./protocol.ts";

export interface EchoServers {
  /** Listens on exactly these ports from now on. */
  readonly serve: (ports: readonly ServedPort[]) => Promise<void>;
  /** How often each `x-rig-id` arrived here. */
  readonly attempts: () => Readonly<Record<string, number>>;
  readonly forget: () => void;
}

export const echoServers = (settings: AgentSettings): EchoServers => {
  const open = new Map<string, { readonly server: Server; readonly sockets: Set<Socket> }>();
  const attempts = new Map<string, number>();

  const listening = async (port: ServedPort): Promise<void> => {
    const sockets = new Set<Socket>();
    const answer = port.protocol === "tcp" ? namedConnection : (socket: Socket) => httpConnection(socket, port.number);
    const accept = (socket: Socket): void => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      answer(socket);
    };
    if (port.protocol === "https" && settings.certificate === undefined)
      throw new Error(`port ${port.number} speaks https and has no certificate`);
    const server =
      port.protocol === "https"
        ? createTlsServer(
            { cert: settings.certificate?.certificate, key: settings.certificate?.key, ALPNProtocols: ["http/1.1"] },
            accept,
          )
        : createServer({ noDelay: true }, accept);
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      const { number, behind } = port;
      const at = behind === undefined ? { port: number, host: "0.0.0.0" } : { port: behind, host: "127.0.0.1" };
      server.listen({ ...at, backlog: 1024 }, resolve);
    });
    open.set(keyOf(port), { server, sockets });
  };

  const namedConnection = (socket: Socket): void => {
    socket.once("data", () => socket.end(`${settings.workload}\n`));
  };

  const httpConnection = (socket: Socket, port: number): void => {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    // Responses leave in the order of their requests even where one is delayed.
    let last = Promise.resolve();
    const reader = messageReader("request", (message) => {
      last = last.then(() => answered(message, socket, port, remote)).catch(() => void socket.destroy());
    });
    socket.on("data", reader.push);
  };

  const answered = async (
    { start: [method, target], headers, body, reusable }: Message,
    socket: Socket,
    port: number,
    remote: string,
  ): Promise<void> => {
    const plan = JSON.parse(headerOf(headers, "x-rig-plan") ?? "{}") as Plan;
    const id = headerOf(headers, "x-rig-id");
    const attempt = id === undefined ? 0 : counted(id, plan);
    if (plan.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, plan.delayMs));
    const failing = plan.fail !== undefined && attempt > 0 && attempt <= plan.fail.times ? plan.fail.status : undefined;
    if (failing === "reset") return void socket.resetAndDestroy();
    const echo: Echo = {
      workload: settings.workload,
      pod: settings.pod,
      port,
      method,
      target,
      headers,
      bodyLength: body.length,
      remote,
      attempt,
    };
    const text = JSON.stringify(echo);
    const length = String(Buffer.byteLength(text));
    socket.write(
      messageBytes(
        `HTTP/1.1 ${failing ?? plan.status ?? 200} Rig`,
        [["content-type", "application/json"], ["content-length", length], ...(plan.headers ?? [])],
        method === "HEAD" ? "" : text,
      ),
    );
    if (!reusable) socket.end();
  };

  const counted = (id: string, plan: Plan): number => {
    const here = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, here);
    if (plan.fail === undefined) return here;
    // A retry may go to another pod: the file's length is the count that all agents share.
    const file = openSync(join(settings.countFolder, encodeURIComponent(id)), "a", 0o666);
    writeSync(file, ".");
    const { size } = fstatSync(file);
    closeSync(file);
    return size;
  };

  return {
    async serve(ports) {
      const wanted = new Map(ports.map((port) => [keyOf(port), port]));
      for (const [key, { server, sockets }] of open) {
        if (wanted.has(key)) continue;
        open.delete(key);
        const closed = new Promise((resolve) => server.close(resolve));
        for (const socket of sockets) socket.destroy();
        await closed;
      }
      for (const [key, port] of wanted) if (!open.has(key)) await listening(port);
    },
    attempts: () => Object.fromEntries(attempts),
    forget: () => attempts.clear(),
  };
};

const keyOf = ({ number, protocol }: ServedPort): string => `${number} ${protocol}`;
