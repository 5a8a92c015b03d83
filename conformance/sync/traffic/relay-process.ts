/**
 * Stands between Envoys and their control plane: `relay-process.ts LISTEN TARGET CONTROL` (ports). What the control plane sends
 * arrives later by what was set for the pod: `GET /ADDRESS/MILLISECONDS` on the control port.
 */
import { createServer as httpServer } from "node:http";
import { connect, createServer, type Socket } from "node:net";

const [listen, target, control] = process.argv.slice(2).map(Number) as [number, number, number];
const delays = new Map<string, number>();

/** Bytes in their order, none before its time, the end after all of them. */
const later = (to: Socket, delay: () => number) => {
  const waiting: { readonly at: number; readonly chunk: Buffer | undefined }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flushed = (): void => {
    timer = undefined;
    while (waiting[0] !== undefined && waiting[0].at <= performance.now()) {
      const { chunk } = waiting.shift()!;
      if (chunk === undefined) to.end();
      else to.write(chunk);
    }
    if (waiting[0] !== undefined) timer = setTimeout(flushed, Math.max(1, waiting[0].at - performance.now()));
  };
  return (chunk: Buffer | undefined): void => {
    waiting.push({ at: Math.max(waiting.at(-1)?.at ?? 0, performance.now() + delay()), chunk });
    if (timer === undefined) flushed();
  };
};

createServer((envoy) => {
  const address = envoy.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const plane = connect({ host: "127.0.0.1", port: target, noDelay: true });
  envoy.setNoDelay(true);
  const send = later(envoy, () => delays.get(address) ?? 0);
  plane.on("data", send);
  plane.on("end", () => send(undefined));
  plane.on("error", () => envoy.destroy());
  envoy.on("error", () => plane.destroy());
  envoy.on("close", () => plane.destroy());
  envoy.pipe(plane);
}).listen(listen);

httpServer((request, response) => {
  const [, address = "", milliseconds = ""] = (request.url ?? "").split("/");
  delays.set(address, Number(milliseconds));
  response.end("set");
}).listen(control, "127.0.0.1");
