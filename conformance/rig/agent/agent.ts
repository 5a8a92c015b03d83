import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { responses, tcpAnswer } from "./client.ts";
import type { AgentCommand, AgentSettings } from "./protocol.ts";
import { echoServers } from "./server.ts";

/**
 * The harness's hands inside a network namespace: servers that echo, a client, and a way through to any address that the
 * namespace can reach. It is told what to do over a unix socket, because those do not care about network namespaces.
 */
const settings = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as AgentSettings;
const servers = echoServers(settings);

const result = async (command: AgentCommand): Promise<unknown> => {
  switch (command.op) {
    case "serve":
      return servers.serve(command.ports);
    case "send":
      return responses(command.requests, command.concurrency);
    case "tcp":
      return Promise.all(command.calls.map(tcpAnswer));
    case "attempts":
      return servers.attempts();
    case "forget":
      return servers.forget();
  }
};

/** `dial HOST PORT` as first line turns the connection into one to there; any other line is a command. */
const served = (socket: Socket): void => {
  let buffer = "";
  const line = (text: string): void => {
    const { id, ...command } = JSON.parse(text) as AgentCommand & { readonly id: number };
    void result(command as AgentCommand).then(
      (value) => socket.write(`${JSON.stringify({ id, result: value })}\n`),
      (error: unknown) =>
        socket.write(`${JSON.stringify({ id, error: error instanceof Error ? error.message : String(error) })}\n`),
    );
  };
  const onData = (chunk: Buffer): void => {
    buffer += chunk.toString("latin1");
    const dial = /^dial (\S+) (\d+)\n/.exec(buffer);
    if (dial) {
      socket.removeListener("data", onData);
      joined(
        socket,
        connect({ host: dial[1] ?? "", port: Number(dial[2]), noDelay: true }),
        buffer.slice(dial[0].length),
      );
      return;
    }
    const lines = buffer.split("\n");
    buffer = lines.pop() ?? "";
    for (const text of lines) line(Buffer.from(text, "latin1").toString());
  };
  socket.on("data", onData);
  socket.on("error", () => socket.destroy());
};

const joined = (near: Socket, far: Socket, first: string): void => {
  far.write(Buffer.from(first, "latin1"));
  near.pipe(far);
  far.pipe(near);
  far.on("error", () => near.destroy());
  near.on("error", () => far.destroy());
  near.on("close", () => far.destroy());
};

createServer(served).listen(settings.controlSocket);
