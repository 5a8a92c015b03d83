import { join } from "node:path";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { loopbackControl } from "../loopback-control.ts";
import { holders, identityOf, idOf, scaledMesh, scaledPlacement } from "./mesh.ts";
import { population, type Member, type Received } from "./population.ts";

const count = 1000;
const changeCount = 50;
/** Changes until caches and heap are as large as they get. */
const warmUp = 10;

/** A thousand proxies with scopes of ten services: only what concerns a proxy reaches it, and nothing piles up. */
export const scaleConformance = async (verdicts: Verdicts): Promise<void> => {
  const timeouts = new Map<number, number>();
  const placement = scaledPlacement(count);
  const control = await loopbackControl(scaledMesh(count, timeouts), placement);
  try {
    const members = await Promise.all(
      Array.from({ length: count }, async (_, index): Promise<Member> => {
        const { certificateChain, privateKey } = await control.authority.issued(identityOf(index));
        return { node: nodeOf(index), certificate: certificateChain, key: privateKey };
      }),
    );
    const file = join(control.folder, "population.json");
    const start = { port: control.port, roots: control.authority.roots(), members, holdings: {} };
    const began = performance.now();
    let clients = await population(start, file);
    await control.synced(count);
    const first = await clients.received();
    verdicts.say(
      `scale: ${count} clients connected and synced in ${seconds(began)} s, ${kilobytes(first)} kB in ${responses(first)} responses`,
    );

    const changed = async (service: number, turn: number): Promise<string | undefined> => {
      timeouts.set(service, 1000 + turn);
      control.serve(scaledMesh(count, timeouts), placement);
      await control.synced(count);
      const received = await clients.received();
      const wanted = holders(service, count).map(nodeOf);
      return (
        difference(received.map(({ node }) => node).sort(), wanted) ??
        difference(
          received.filter(
            ({ responses, resources, removed }) => responses !== 1 || resources.length !== 1 || removed.length > 0,
          ),
          [],
        )
      );
    };
    await judged(
      verdicts,
      "scale: a route changes: one push of one resource to each whose scope holds it",
      async () => {
        const before = await control.metric('meshwright_control_pushes_total{type="routes"}');
        const start = performance.now();
        const wrong = await changed(500, 0);
        const pushes = (await control.metric('meshwright_control_pushes_total{type="routes"}')) - before;
        verdicts.say(`scale: ${pushes} pushes, all acknowledged after ${seconds(start)} s`);
        return wrong ?? difference(pushes, 10);
      },
    );

    await judged(
      verdicts,
      `scale: ${count} clients gone at once and back: nothing is sent that they have`,
      async () => {
        const holdings = await clients.holdings();
        clients.cut();
        const start_ = performance.now();
        clients = await population({ ...start, holdings }, file);
        await control.synced(count);
        const received = await clients.received();
        verdicts.say(`scale: back and synced after ${seconds(start_)} s, ${kilobytes(received)} kB`);
        const again = received.flatMap(({ node, resources, removed }) =>
          [...resources, ...removed].map((name) => `${node}: ${name}`),
        );
        return again.length === 0 ? undefined : `${again.length} resources, as ${again.slice(0, 3).join(", ")}`;
      },
    );

    await judged(verdicts, `scale: ${changeCount} changes: each reaches ten clients, and memory stays`, async () => {
      const memory: number[] = [];
      for (let turn = 1; turn <= changeCount; turn += 1) {
        const wrong = await changed((turn * 37) % count, turn);
        if (wrong !== undefined) return `change ${turn}: ${wrong}`;
        memory.push(await control.metric("process_resident_memory_bytes"));
      }
      const [warm = 0, last = 0] = [memory[warmUp - 1], memory.at(-1)];
      verdicts.say(
        `scale: resident memory ${memory
          .filter((_, index) => index % warmUp === warmUp - 1)
          .map(megabytes)
          .join(", ")} MB`,
      );
      return last <= 2 * warm ? undefined : `${megabytes(warm)} MB became ${megabytes(last)} MB`;
    });
    clients.cut();
  } finally {
    await control.stop();
  }
};

const nodeOf = (index: number): string => `${idOf(index)}/0`;
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
const kilobytes = (received: readonly Received[]): number =>
  Math.round(received.reduce((sum, { bytes }) => sum + bytes, 0) / 1000);
const responses = (received: readonly Received[]): number => received.reduce((sum, one) => sum + one.responses, 0);
