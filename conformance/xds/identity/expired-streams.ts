import { setTimeout as sleep } from "node:timers/promises";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { Verdicts } from "../../suite.ts";
import { dialled, type Dialled, type Shown, type Stream } from "../hostile/dialled.ts";
import { loopbackControl } from "../loopback-control.ts";
import { identityOf, idOf, scaledMesh, scaledPlacement } from "../scale/mesh.ts";
import { judged } from "./verdict.ts";

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
      await Promise.race([pushed, late("no push within 10 s", 10_000)]);
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
        const end = Promise.race([
          expiring.stream.end,
          late("it is served still", brief.expiresAt + latestMs - Date.now()),
        ]);
        const { status, message } = await end;
        const after = Date.now() - brief.expiresAt;
        if (after < graceMs) return `ended ${after} ms after its certificate: ${message}`;
        if (status !== unauthenticated || message !== "the client certificate has expired")
          return `${status} ${message}`;
        await Promise.race([expiring.connection.closed, late("its connection stays", 5000)]);
        return undefined;
      },
    );
    await judged(verdicts, "expiry: who comes back with a renewed certificate is served", async () => {
      const again = asking(await shown(0), 0).stream;
      await Promise.race([again.next(({ typeUrl }) => typeUrl === typeUrls.routes), late("nothing came", 10_000)]);
      return undefined;
    });
    await judged(verdicts, "expiry: a stream whose certificate lives was left alone", async () => {
      const pushed = lasting.stream.next();
      control.serve(scaledMesh(count, new Map([[2, 2345]])), placement);
      await Promise.race([pushed, late("no push within 10 s", 10_000)]);
      return undefined;
    });
  } finally {
    for (const connection of connections) connection.cut();
    await control.stop();
  }
};

const late = async (why: string, afterMs: number): Promise<never> => {
  await sleep(afterMs, undefined, { ref: false });
  throw new Error(why);
};
