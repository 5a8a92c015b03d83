/** The endpoint at which machines join, whose clients have no certificate yet. */
import { join } from "node:path";
import { request } from "node:https";
import { connect } from "node:tls";
import { joinTokens } from "../../../runtime/control/identity/index.ts";
import { newRequest } from "../../../runtime/control/identity/x509/request.ts";
import { inTime } from "../../rig/in-time.ts";
import { identityOf, idOf } from "../scale/mesh.ts";
import type { Scene } from "./scene.ts";

export const hostileJoins = async ({ control, held }: Scene): Promise<void> => {
  const port = control.joinPort;
  const tokens = joinTokens({ folder: join(control.folder, "tokens") });
  const ca = control.authority.roots();

  const posted = (body: string | Buffer, path = "/v1/join"): Promise<number> =>
    new Promise((resolve) => {
      const sent = request(
        { host: "127.0.0.1", port, path, method: "POST", ca, agent: false, checkServerIdentity: () => undefined },
        (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode ?? 0));
        },
      );
      sent.on("error", () => resolve(0));
      sent.end(body);
    });
  const joining = async (token: string): Promise<string> =>
    JSON.stringify({ csr: (await newRequest()).request, workload: idOf(5), token });
  const created = (): Promise<string> => tokens.created({ workload: idOf(5), identity: identityOf(5), ttlMs: 60_000 });

  await held(
    "a join token that is used twice",
    async () => {
      const token = await created();
      const [first, second] = [await posted(await joining(token)), await posted(await joining(token))];
      return first === 200 && second === 401 ? undefined : `${first}, then ${second}`;
    },
    /join refused.*401/,
  );
  await held("a join token that is used ten times at once", async () => {
    const token = await created();
    const statuses = await Promise.all(Array.from({ length: 10 }, async () => posted(await joining(token))));
    return statuses.filter((status) => status === 200).length === 1 ? undefined : statuses.join();
  });
  await held(
    "garbage at the join endpoint",
    async () => {
      const bodies = ["", "{", "[]", "null", '{"csr":1}', "x".repeat(1 << 20), Buffer.alloc(1000, 0xff)];
      const statuses = await Promise.all(bodies.map((body) => posted(body)));
      const other = await posted("{}", "/v1/../../etc/passwd");
      return [...statuses, other].every((status) => status === 0 || (status >= 400 && status < 500))
        ? undefined
        : [...statuses, other].join();
    },
    /join refused/,
  );
  await held("bodies that never end", async () => {
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect({ host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined });
      socket.on("error", () => undefined);
      socket.write("POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{");
      return socket.resume();
    });
    const closed = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    await inTime(closed, 20_000, () => undefined);
    const left = sockets.filter((socket) => !socket.destroyed).length;
    for (const socket of sockets) socket.destroy();
    return left === 0 ? undefined : `${left} of ${sockets.length} are still open after 20 s`;
  });
};
