import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalMesh } from "../../compiler/snapshot/read-local.ts";
import type { Compiled } from "../../compiler/resolved.ts";
import { nowhere, type Placement } from "../../lib/graph/placement.ts";
import type { Mesh, MeshWorkload } from "../../lib/model/mesh.ts";
import { nodeId } from "../../targets/xds/node-id.ts";
import type { Source } from "../control/source/source.ts";
import type { Revision } from "../control/views.ts";
import { applications } from "./applications.ts";
import { localControl, renewedMs, type LocalControl } from "./control-plane.ts";
import { freePorts } from "./free-ports.ts";
import { guard } from "./guard.ts";
import { placedHere } from "./placed.ts";
import { processes, type KeptProcess, type Output } from "./processes.ts";
import { onlyInstance, type LocalProxy, type LocalProxyKind } from "./proxies/kind.ts";
import { settled } from "./settled.ts";
import { notYet, type Standing } from "./standing.ts";
import type { ProxyCounts } from "./traffic/polled.ts";

export interface LocalMeshOptions {
  /** The mesh folder: commands run there. */
  readonly folder: string;
  readonly proxies: LocalProxyKind;
  /** The first port that is tried for whatever has none. */
  readonly portsFrom: number;
  /** Where authored values stand, for what a proxy refuses. */
  readonly spansOf: Source["spansOf"];
  readonly told: LocalTold;
  /** Without any proxy more that goes by a revision for so long, it is given up. */
  readonly patienceMs?: number;
}

export interface LocalTold {
  /** A workload's own process said something. */
  readonly line: (workload: string, text: string) => void;
  /** What should run does not; and what is done about it. */
  readonly ended: (what: string, how: string) => void;
}

/** A gateway as it is reached from this machine. */
export interface Entry {
  readonly workload: string;
  readonly address: string;
}

/** A whole mesh that runs here: a control plane, a proxy for each workload, and its workloads themselves. */
export interface RunningMesh {
  /**
   * Goes over to what was compiled; resolves when every proxy has it. Rejects where one does not take it or anything else
   * fails, once all proxies and applications went back to what was in force.
   */
  readonly taken: (compiled: Pick<Compiled, "mesh">, local: LocalMesh) => Promise<void>;
  readonly entries: () => readonly Entry[];
  /** Where a workload's application calls others, by the service's port. */
  readonly placement: () => Placement;
  /** Of each workload's proxy. */
  readonly counts: () => ReadonlyMap<string, ProxyCounts>;
  /** Ends all of it, also what is about to start. */
  readonly stop: () => Promise<void>;
}

interface RunningProxy extends LocalProxy {
  readonly process: KeptProcess;
}

/** A mesh as it is played: what is gone back to is all of it. */
interface Played extends Revision {
  readonly local: LocalMesh;
}

export const localMesh = async (options: LocalMeshOptions): Promise<RunningMesh> => {
  const { folder, proxies: kind, portsFrom, spansOf, told, patienceMs = 20_000 } = options;
  const state = await mkdtemp(join(tmpdir(), "meshwright-up-"));
  const watching = guard(state);
  const ports = freePorts(portsFrom);
  const children = processes(watching);
  const proxies = new Map<string, RunningProxy>();
  const playing = applications({ folder, children, told: (workload) => toldOf(workload) });
  let plane: LocalControl | undefined;
  let inForce: Played | undefined;
  /** What proxies were told last, be it in force or not. */
  let lastTold: Placement | undefined;
  let isStopping = false;
  let busy: Promise<void> = Promise.resolve();

  const toldOf = (name: string, isWorthSaying: (line: string) => boolean = () => true): Output => ({
    line: (text) => {
      if (isWorthSaying(text)) told.line(name, text);
    },
    ended: (how) => told.ended(name, how),
  });

  const renewing = setInterval(() => {
    for (const { workload, identityFolder } of proxies.values())
      plane
        ?.proven(workload, identityFolder)
        .catch((error: unknown) => told.ended(`the identity of ${workload.id}`, String(error)));
  }, renewedMs).unref();

  const planeFor = async (first: Revision): Promise<LocalControl> => {
    const { trustDomain } = first.mesh.platform;
    if (plane !== undefined && plane.trustDomain !== trustDomain)
      throw new Error(`the trust domain changed from ${plane.trustDomain} to ${trustDomain}: start again for that`);
    return (plane ??= await localControl({
      keys: join(state, "keys"),
      trustDomain,
      spansOf,
      first,
      log: ({ level, event, reason }) => {
        // What proxies refuse is said by whoever waits for them.
        if (level === "error" && event !== "configuration refused")
          told.line("the control plane", `${event}${reason === undefined ? "" : `: ${String(reason)}`}`);
      },
    }));
  };

  const proxyStarted = async (workload: MeshWorkload, revision: Revision, by: LocalControl): Promise<void> => {
    const own = join(state, ...workload.id.split("/"));
    const identityFolder = join(own, "identity");
    const adminPort = await ports.of(`admin ${workload.id}`);
    const proxy: LocalProxy = { workload, folder: own, identityFolder, adminPort, controlPort: by.port };
    await mkdir(own, { recursive: true });
    await by.proven(workload, identityFolder);
    const argv = await kind.prepared(proxy, revision.mesh);
    const process = children.kept({ argv }, toldOf(`the proxy of ${workload.id}`, kind.isWorthSaying));
    proxies.set(workload.id, { ...proxy, process });
  };

  /** Everybody is told. */
  const goneOver = async (next: Played): Promise<void> => {
    const { mesh, placement, local } = next;
    const by = await planeFor(next);
    for (const workload of mesh.workloads)
      if (!isStopping) await playing.played(workload, placement.instances[workload.id]?.[0], local);
    lastTold = placement;
    by.told(next);
    for (const workload of mesh.workloads.filter(({ proxy }) => proxy !== "none")) {
      if (isStopping) return;
      const running = proxies.get(workload.id);
      if (running !== undefined && running.workload.identity !== workload.identity) {
        await running.process.stop();
        proxies.delete(workload.id);
        await proxyStarted(workload, next, by);
      } else if (running === undefined) await proxyStarted(workload, next, by);
      else running.process.revived();
    }
  };
  /** What the mesh has no more ends once nobody is sent there. */
  const leftBehind = async ({ workloads }: Mesh): Promise<void> => {
    const proxied = new Set(workloads.filter(({ proxy }) => proxy !== "none").map(({ id }) => id));
    const gone = [...proxies].filter(([id]) => !proxied.has(id));
    for (const [id] of gone) proxies.delete(id);
    await Promise.all([
      ...gone.map(([, { process }]) => process.stop()),
      playing.only(new Set(workloads.map(({ id }) => id))),
    ]);
  };

  const goneBack = async (last: Played, cause: unknown): Promise<void> => {
    try {
      await goneOver(last);
      await leftBehind(last.mesh);
    } catch (error) {
      throw new Error(`${inWords(cause)}, and what was in force could not be had back: ${inWords(error)}`, {
        cause: error,
      });
    }
  };

  const standing = async (proxy: LocalProxy): Promise<Standing> => {
    const said = plane?.standing(nodeId({ workload: proxy.workload.id, instance: onlyInstance })) ?? notYet;
    return said.kind === "has it" && (await kind.serves?.(proxy)) === false ? notYet : said;
  };

  const took = async ({ mesh }: Pick<Compiled, "mesh">, local: LocalMesh): Promise<void> => {
    const placement = await placedHere(mesh, ports, {
      gateway: (id) => local.gateways[id],
      application: (id) => portOf(local.workloads[id]?.address),
    });
    await gatewaysAreFree(mesh, placement, lastTold, ports.isFree);
    const last = inForce;
    const next = { mesh, placement, local };
    try {
      await goneOver(next);
      const how = await settled([...proxies.values()], { standing, isStopping: () => isStopping, patienceMs });
      if (isStopping) throw new Error("the mesh was ended");
      if (how.kind !== "all have it") throw new Error(how.reason);
    } catch (error) {
      if (last !== undefined && !isStopping) await goneBack(last, error);
      throw error;
    }
    inForce = next;
    await leftBehind(mesh);
  };

  return {
    taken: async (compiled, local) => {
      if (isStopping) throw new Error("the mesh was ended");
      const taking = took(compiled, local);
      busy = taking.catch(() => undefined);
      return taking;
    },
    entries: () =>
      (inForce?.mesh.gateways ?? []).flatMap(({ workload }) =>
        Object.values(inForce?.placement.instances[workload]?.[0]?.ports ?? {}).map((port) => ({
          workload,
          address: `127.0.0.1:${port}`,
        })),
      ),
    placement: () => inForce?.placement ?? nowhere,
    counts: () =>
      new Map(
        [...proxies].map(([id, { adminPort }]) => [
          id,
          {
            url: `http://127.0.0.1:${adminPort}${kind.countsPath}`,
            totals: (text) => (inForce === undefined ? [] : kind.totals(id, text, inForce.mesh)),
          },
        ]),
      ),
    stop: async () => {
      isStopping = true;
      clearInterval(renewing);
      await children.stop();
      // What was about to start sees that it must not.
      await busy;
      await playing.only(new Set());
      await plane?.close();
      await watching.close();
    },
  };
};

const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const portOf = (address: string | undefined): number | undefined =>
  address === undefined ? undefined : Number(address.split(":")[1]);

/** Who listens at a gateway's port must be its proxy: Envoys would share it with others of theirs. */
const gatewaysAreFree = async (
  { gateways }: Mesh,
  { instances }: Placement,
  before: Placement | undefined,
  isFree: (port: number) => Promise<boolean>,
): Promise<void> => {
  for (const { workload } of gateways) {
    const had = new Set(Object.values(before?.instances[workload]?.[0]?.ports ?? {}));
    for (const port of Object.values(instances[workload]?.[0]?.ports ?? {}))
      if (!had.has(port) && !(await isFree(port)))
        throw new Error(
          `port ${port}, where ${workload} is to be reached, is taken by another process: end that one, or write another port for the gateway in mesh.local.yaml`,
        );
  }
};
