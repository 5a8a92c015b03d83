import { request } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";

/** The response that Node's client reads of these bytes, then the end of the connection; undefined if it refuses them. */
export const nodeResponse = async (method: string, bytes: Buffer): Promise<string | undefined> => {
  let read: string | undefined;
  const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const closed = new Promise<void>((resolve) => {
    const asking = request({ method, host: "a", createConnection: () => connection }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        read = response.complete ? shownResponse(response.statusCode ?? 0, Buffer.concat(parts)) : undefined;
      });
      response.on("error", () => undefined);
      response.on("close", resolve);
    });
    asking.on("error", () => resolve());
    asking.end();
  });
  await turn();
  connection.push(bytes);
  connection.push(null);
  await closed;
  connection.destroy();
  return read;
};

export const shownResponse = (status: number, body: Buffer): string =>
  body.length > 0 ? `${status} ${body.toString("latin1")}` : `${status}`;
