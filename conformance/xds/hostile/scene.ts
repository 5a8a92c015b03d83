import { setTimeout as sleep } from "node:timers/promises";
import { typeUrls } from "../../../targets/xds/resource.ts";
import { inTime, tooLate } from "../../rig/in-time.ts";
import type { Verdicts } from "../../suite.ts";
import { loopbackControl, type LoopbackControl } from "../loopback-control.ts";
import { identityOf, idOf, scaledMesh, scaledPlacement } from "../scale/mesh.ts";
import { dialled, type Dialled, type Shown } from "./dialled.ts";

const count = 30;

/** Short, so that whoever says nothing is seen to be ended. */
export const patience = {
  strangerMs: 3000,
  firstMessageMs: 2000,
  keepaliveMs: 1000,
  keepaliveTimeoutMs: 2000,
} as const;
export const strangersPerNetwork = 500;

/** A control plane under attack, and somebody who only wants its pushes. */
export interface Scene {
  readonly control: LoopbackControl;
  /** The certificate of the workload of this number. */
  readonly shown: (index: number) => Promise<Shown>;
  readonly dial: (shown: Shown | undefined) => Dialled;
  /**
   * Holds an attack: while it goes on, the mesh changes again and again, and an honest client that is concerned gets every
   * change. The attack says what went wrong, and the log must hold an entry that is `logged`.
   */
  readonly held: (law: string, attack: () => Promise<string | undefined>, logged?: RegExp) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const tooLateMs = 20_000;

export const scene = async (verdicts: Verdicts): Promise<Scene> => {
  const placement = scaledPlacement(count);
  const timeouts = new Map<number, number>();
  const control = await loopbackControl(scaledMesh(count, timeouts), placement, {
    limits: { ...patience, strangersPerNetwork },
  });
  const shown = async (index: number): Promise<Shown> => {
    const { certificateChain, privateKey } = await control.authority.issued(identityOf(index));
    return { certificateChain, privateKey };
  };
  const dial = (as: Shown | undefined): Dialled => dialled(control.port, control.authority.roots(), as);

  const witness = dial(await shown(0));
  const stream = witness.opened(({ typeUrl, nonce }) => stream.say({ typeUrl, responseNonce: nonce }));
  for (const [index, typeUrl] of [typeUrls.cluster, typeUrls.endpoints, typeUrls.listener, typeUrls.routes].entries())
    stream.say({
      ...(index === 0 && { node: { id: `${idOf(0)}/0` } }),
      typeUrl,
      resourceNamesSubscribe: ["*"],
    });
  await stream.next(({ typeUrl }) => typeUrl === typeUrls.routes);

  let turn = 0;
  /** One change that concerns the witness; resolves to how long it took to arrive. */
  const change = async (): Promise<number> => {
    turn += 1;
    timeouts.set(1, 1000 + turn);
    const began = performance.now();
    const arrived = stream.next(({ typeUrl }) => typeUrl === typeUrls.routes);
    control.serve(scaledMesh(count, timeouts), placement);
    await inTime(arrived, tooLateMs, tooLate(`an honest client waits for a push for ${tooLateMs / 1000} s`));
    return performance.now() - began;
  };

  return {
    control,
    shown,
    dial,
    async held(law, attack, logged) {
      const before = control.logged().length;
      const over = new AbortController();
      const pushes: number[] = [];
      const honest = (async () => {
        do {
          pushes.push(await change());
          await sleep(100);
        } while (!over.signal.aborted || pushes.length < 3);
      })();
      const wrong = await Promise.all([
        attack()
          .catch((error: unknown) => String(error))
          .finally(() => over.abort()),
        honest.then(() => undefined).catch((error: unknown) => String(error)),
      ]);
      await sleep(50);
      const lines = control.logged().slice(before);
      const silent =
        logged !== undefined && !lines.some((entry) => logged.test(JSON.stringify(entry)))
          ? `nothing in the log is ${String(logged)}`
          : undefined;
      const leaked = lines.find((entry) => /PRIVATE KEY|mwj1_/.test(JSON.stringify(entry)));
      const found = [...wrong, silent, leaked && `a secret is in the log: ${String(leaked["event"])}`].filter(
        (one) => one !== undefined,
      );
      const what = `hostile: ${law}`;
      if (found.length > 0) verdicts.fail(what, found.join("; "));
      else
        verdicts.pass(
          `${what} (${pushes.length} pushes to an honest client, the slowest after ${Math.round(Math.max(...pushes))} ms)`,
        );
    },
    stop: async () => {
      witness.cut();
      await control.stop();
    },
  };
};
