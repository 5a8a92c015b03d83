import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder, testAuthority } from "../fixture.ts";
import { joinServer } from "./server.ts";
import { joinTokens } from "./tokens.ts";

const dialled = async (port: number): Promise<Socket> => {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
};

/** The status with which somebody is answered who asks for nothing that is there. */
const answered = (port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent: false, rejectUnauthorized: false }, (response) =>
      resolve(response.resume().statusCode),
    );
    sent.on("error", reject).end();
  });

/** A record of a TLS handshake that says that it is longer than it is. */
const beginning = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);
const garbage = [
  Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  Buffer.alloc(100_000, 0xff),
  Buffer.concat([beginning, Buffer.alloc(600, 0x41)]),
];

test("whoever resets a connection, or sends what is no TLS, takes no place from others", async () => {
  const connections = 4;
  const server = await joinServer({
    authority: await testAuthority(),
    tokens: joinTokens({ folder: await temporaryFolder() }),
    names: ["127.0.0.1"],
    host: "127.0.0.1",
    connections,
    requests: { perMinute: 1e6, burst: 1e6 },
    // Nobody's place may become free by waiting.
    headersMs: 60_000,
    requestMs: 60_000,
  });
  onTestFinished(server.close);
  for (let round = 0; round < 5 * connections; round += 1) {
    const before = await dialled(server.port);
    before.resetAndDestroy();
    const amid = await dialled(server.port);
    await new Promise((resolve) => amid.write(beginning, resolve));
    amid.resetAndDestroy();
    for (const bytes of garbage) {
      const wrong = await dialled(server.port);
      wrong.resume().write(bytes);
      await new Promise((resolve) => wrong.once("close", resolve));
    }
    expect(await answered(server.port)).toBe(404);
  }
});

const patience = { timeout: 20_000 };

/** A join server in a process that may open few files. */
const program = `
const [{ authority, joinServer, joinTokens, keyFolder }, folder] = [await import(process.argv[1]), process.argv[2]];
const { port } = await joinServer({
  authority: await authority({ store: keyFolder(folder + "/keys"), trustDomain: "mesh.test", create: true }),
  tokens: joinTokens({ folder: folder + "/tokens" }),
  names: ["127.0.0.1"],
  host: "127.0.0.1",
});
console.log(JSON.stringify({ port }));
`;

test("whoever comes when no file descriptor is left is hung up on, and the server goes on", async () => {
  const argv = [
    "--input-type=module",
    "-e",
    program,
    join(import.meta.dirname, "../index.ts"),
    await temporaryFolder(),
  ];
  const child = spawn("sh", ["-c", 'ulimit -n 64 && exec "$0" "$@"', process.execPath, ...argv]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  const [said] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const { port } = JSON.parse(said) as { readonly port: number };
  const crowd = await Promise.all(Array.from({ length: 100 }, () => dialled(port)));
  await expect.poll(() => crowd.filter(({ closed }) => closed).length, patience).toBeGreaterThan(20);
  for (const socket of crowd) socket.destroy();
  await expect.poll(() => answered(port).catch(() => undefined), patience).toBe(404);
  expect([child.exitCode, err]).toEqual([null, ""]);
}, 30_000);
