/** Who takes a connection and does not use it, and who takes too many. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { typeUrls } from "../../../targets/xds/resource.ts";
import { inTime } from "../../rig/in-time.ts";
import { idOf } from "../scale/mesh.ts";
import { dialled } from "./dialled.ts";
import { patience, strangersPerNetwork, type Scene } from "./scene.ts";

const attacker = 4;
const each = 40;
/** Longer than everything that the control plane waits for together. */
const longestMs = patience.strangerMs + patience.keepaliveMs + patience.keepaliveTimeoutMs + 9000;

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const settings = frame(4, 0, 0, Buffer.alloc(0));

export const hostileSlowness = async (scene: Scene): Promise<void> => {
  const { control, held, dial, shown } = scene;
  const own = await shown(attacker);
  const open = (): Socket => connect(control.port, "127.0.0.1").on("error", () => undefined);
  const encrypted = (): TLSSocket =>
    connectTls({
      port: control.port,
      host: "127.0.0.1",
      ca: control.authority.roots(),
      cert: own.certificateChain,
      key: own.privateKey,
      ALPNProtocols: ["h2"],
      checkServerIdentity: () => undefined,
    }).on("error", () => undefined);

  /** Whether the control plane ends them all. */
  const ended = async (sockets: readonly Socket[]): Promise<string | undefined> => {
    for (const socket of sockets) socket.resume();
    const closed = Promise.all(
      sockets.map(
        (socket) => new Promise((resolve) => (socket.destroyed ? resolve(1) : socket.once("close", resolve))),
      ),
    );
    await inTime(closed, longestMs, () => undefined);
    const left = sockets.filter((socket) => !socket.destroyed);
    for (const socket of left) socket.destroy();
    return left.length > 0
      ? `${left.length} of ${sockets.length} connections were still open after ${longestMs} ms`
      : undefined;
  };
  const many = <T>(make: () => T): readonly T[] => Array.from({ length: each }, make);
  const late = /connection ended.*nobody was admitted|handshake failed.*TIMEOUT/;

  await held("connections that say nothing", () => ended(many(open)), late);
  await held(
    "handshakes that end after a few bytes",
    () =>
      ended(
        many(() => {
          const socket = open();
          socket.write(Buffer.from("1603010200010001fc0303", "hex"));
          return socket;
        }),
      ),
    late,
  );
  await held(
    "noise instead of a handshake",
    async () => {
      // The log is sparing: what came before has used up its lines, of which there are five a second.
      await sleep(2000);
      await ended(
        many(() =>
          open()
            .setNoDelay()
            .on("connect", function (this: Socket) {
              this.write("GET / HTTP/1.1\r\n\r\n");
            }),
        ),
      );
    },
    /handshake failed/,
  );
  await held("no HTTP/2 after the handshake", () => ended(many(encrypted)), late);
  await held(
    "HTTP/2 without a stream",
    () =>
      ended(
        many(() => {
          const socket = encrypted();
          socket.write(Buffer.concat([preface, settings]));
          return socket;
        }),
      ),
    late,
  );
  await held(
    "headers that never end",
    () =>
      ended(
        many(() => {
          const socket = encrypted();
          // `:method: GET`, and no END_HEADERS.
          socket.write(Buffer.concat([preface, settings, frame(1, 0, 1, Buffer.from([0x82]))]));
          return socket;
        }),
      ),
    late,
  );
  await held(
    "streams that say nothing",
    async () => {
      const connection = dial(own);
      const streams = Array.from({ length: 10 }, () => connection.opened());
      const ends = await inTime(Promise.all(streams.map(({ end }) => end)), longestMs, () => undefined);
      connection.cut();
      return ends === undefined ? "they are kept" : undefined;
    },
    /stream ended.*no request within/,
  );
  await held(
    "a client that never reads while its view changes",
    async () => {
      const muzzle = await muzzled(control.port);
      const connection = dialled(muzzle.port, control.authority.roots(), await shown(0));
      const stream = connection.opened();
      stream.say({ node: { id: `${idOf(0)}/mute` }, typeUrl: typeUrls.routes, resourceNamesSubscribe: ["*"] });
      stream.say({ typeUrl: typeUrls.cluster });
      await stream.next();
      // Neither what is sent nor a ping is read from now on.
      muzzle.shut();
      const before = await control.metric("process_resident_memory_bytes");
      await sleep(longestMs);
      const after = await control.metric("process_resident_memory_bytes");
      connection.cut();
      return after - before < 200e6 ? undefined : `${Math.round((after - before) / 1e6)} MB more`;
    },
    /stream ended.*mute/,
  );
  await held(
    "2,000 connections at once from one address",
    async () => {
      const sockets = Array.from({ length: 2000 }, open);
      let most = 0;
      for (let look = 0; look < 10; look += 1) {
        most = Math.max(most, await control.metric('meshwright_control_connections{who="strangers"}'));
        await sleep(100);
      }
      const left = await ended(sockets);
      return most > strangersPerNetwork || most < 10 ? `${most} were taken` : left;
    },
    /connection refused.*strangers from one network/,
  );
};

/** A way to the control plane on which, once it is shut, nothing comes back and nobody is told. */
const muzzled = async (
  to: number,
): Promise<{ readonly port: number; readonly shut: () => void; readonly close: () => void }> => {
  const far = new Set<Socket>();
  const server = createServer((near) => {
    const out = connect(to, "127.0.0.1");
    far.add(out);
    near.on("error", () => out.destroy());
    out.on("error", () => near.destroy());
    near.on("close", () => out.destroy());
    near.pipe(out);
    out.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    shut: () => {
      for (const socket of far) socket.unpipe().pause();
    },
    close: () => void server.close(),
  };
};
