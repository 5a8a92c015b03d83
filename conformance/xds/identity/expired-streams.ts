import { setTimeout as sleep } from "node:timers/promises";
import { typeUrls } from "../../../targets/xds/resource.ts";
import { inTime, tooLate } from "../../rig/in-time.ts";
import type { Verdicts } from "../../suite.ts";
import { dialled, type Dialled, type Shown, type Stream } from "../hostile/dialled.ts";
import { loopbackControl } from "../loopback-control.ts";
import { identityOf, idOf, scaledMesh, scaledPlacement } from "../scale/mesh.ts";
import { judged } from "../../judged.ts";

const lifetimeMs = 4000;
/** A stream is served for a minute past its certificate, and swept every five seconds. */
const graceMs = 60_000;
const latestMs = graceMs + 15_000;
const unauthenticated = 16;
const count = 3;

/** A stream ends when its client certificate has been expired for a while; whoever renewed it comes in again at once. */
export const expiredStreams = async (verdicts: Verdicts): Promise<void> => {
  const placement = scaledPlacement(count);
  const control = await loopbackControl(scaledMesh(count, new Map()), placement);
  const connections: Dialled[] = [];
  const shown = async (index: number, asked = {}): Promise<Shown & { readonly expiresAt: number }> => {
    const { certificateChain, privateKey, expiresAt } = await control.authority.issued(identityOf(index), asked);
    return { certificateChain, privateKey, expiresAt };
  };
  const asking = (as: Shown, index: number): { readonly connection: Dialled; readonly stream: Stream } => {
    const connection = dialled(control.port, control.authority.roots(), as);
    connections.push(connection);
    const stream = connection.opened(({ typeUrl, nonce }) => stream.say({ typeUrl, responseNonce: nonce }));
    const node = { id: `${idOf(index)}/0` };
    stream.say({ node, typeUrl: typeUrls.cluster, resourceNamesSubscribe: ["*"] });
    stream.say({ typeUrl: typeUrls.routes, resourceNamesSubscribe: ["*"] });
    return { connection, stream };
  };
  try {
    const brief = await shown(0, { lifetimeMs });
    const expiring = asking(brief, 0);
    const lasting = asking(await shown(1), 1);
    await Promise.all(
      [expiring, lasting].map(({ stream }) => stream.next(({ typeUrl }) => typeUrl === typeUrls.routes)),
    );

    await judged(verdicts, "expiry: a stream whose certificate has just expired still gets what changes", async () => {
      await sleep(brief.expiresAt + 2000 - Date.now());
      const pushed = expiring.stream.next();
      control.serve(scaledMesh(count, new Map([[1, 1234]])), placement);
      await inTime(pushed, 10_000, tooLate("no push within 10 s"));
      return undefined;
    });
    await judged(verdicts, "expiry: the expired certificate itself opens nothing more", async () => {
      const { status, message } = await asking(brief, 0).stream.end;
      return status === -1 ? undefined : `${status} ${message}`;
    });
    await judged(
      verdicts,
      "expiry: the stream is ended, and its connection, a minute after its certificate",
      async () => {
        const { status, message } = await inTime(
          expiring.stream.end,
          brief.expiresAt + latestMs - Date.now(),
          tooLate("it is served still"),
        );
        const after = Date.now() - brief.expiresAt;
        if (after < graceMs) return `ended ${after} ms after its certificate: ${message}`;
        if (status !== unauthenticated || message !== "the client certificate has expired")
          return `${status} ${message}`;
        await inTime(expiring.connection.closed, 5000, tooLate("its connection stays"));
        return undefined;
      },
    );
    await judged(verdicts, "expiry: who comes back with a renewed certificate is served", async () => {
      const again = asking(await shown(0), 0).stream;
      await inTime(
        again.next(({ typeUrl }) => typeUrl === typeUrls.routes),
        10_000,
        tooLate("nothing came"),
      );
      return undefined;
    });
    await judged(verdicts, "expiry: a stream whose certificate lives was left alone", async () => {
      const pushed = lasting.stream.next();
      control.serve(scaledMesh(count, new Map([[2, 2345]])), placement);
      await inTime(pushed, 10_000, tooLate("no push within 10 s"));
      return undefined;
    });
  } finally {
    for (const connection of connections) connection.cut();
    await control.stop();
  }
};
