import type { MeshWorkload } from "../../lib/model/mesh.ts";
import { control, type Control } from "../control/control.ts";
import { authority, identities, keyFolder, writtenIdentity } from "../control/identity/index.ts";
import type { Source, SourceListener } from "../control/source/source.ts";
import { servedTypes } from "../control/served-type.ts";
import type { Revision } from "../control/views.ts";
import type { Log } from "../log/log.ts";
import { hasIt, notYet, type Standing } from "./standing.ts";

export interface LocalControlOptions {
  /** Where roots are kept. */
  readonly keys: string;
  readonly trustDomain: string;
  readonly spansOf: Source["spansOf"];
  /** The first of what is told. */
  readonly first: Revision;
  readonly log: Log;
}

/** A control plane for proxies of this machine alone, told what it serves by whoever made it. */
export interface LocalControl {
  readonly port: number;
  readonly trustDomain: string;
  readonly told: (revision: Revision) => void;
  /** Whether a proxy acknowledged all that it was told last. */
  readonly standing: (node: string) => Standing;
  /** Writes an identity as `mesh-control join` does. */
  readonly proven: (workload: MeshWorkload, folder: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const lifetimeMs = 24 * 3_600_000;
export const renewedMs = lifetimeMs / 2;

/** Runs it in this process, at a free port of 127.0.0.1. */
export const localControl = async ({
  keys,
  trustDomain,
  spansOf,
  first,
  log,
}: LocalControlOptions): Promise<LocalControl> => {
  const root = await authority({ store: keyFolder(keys), trustDomain, create: true, lifetimeMs });
  const held = identities({ authority: root });
  const listeners = new Set<SourceListener>();
  const running = await control({
    source: {
      spansOf,
      followed: (listener) => {
        listeners.add(listener);
        listener.taken(first);
        return Promise.resolve({ stop: () => Promise.resolve(void listeners.delete(listener)) });
      },
    },
    authority: root,
    identities: held,
    listen: { address: "127.0.0.1", port: 0 },
    names: ["localhost", "127.0.0.1"],
    accessLog: "none",
    log,
  });
  return {
    port: running.port,
    trustDomain,
    told: (revision) => {
      for (const listener of listeners) listener.taken(revision);
    },
    standing: (node) => standing(running, node),
    proven: async (workload, folder) => {
      const { certificateChain, privateKey } = await root.issued(workload.identity);
      await writtenIdentity(folder, {
        certificateChain,
        privateKey: () => privateKey,
        roots: root.roots(),
        workload: workload.id,
      });
    },
    close: async () => {
      await running.close(0);
      held.close();
      root.close();
    },
  };
};

const standing = ({ ads, refusals, viewOf }: Control, node: string): Standing => {
  // Of two streams the older one is of a proxy that is gone.
  const client = ads.clients().findLast(({ client: { name } }) => name === node);
  if (client === undefined) return notYet;
  if (Object.values(client.types).some(({ refused }) => refused.size > 0)) {
    const mine = refusals.all().filter((refusal) => refusal.client === node);
    return {
      kind: "refused",
      reason: mine.map(({ message }) => message).join("; "),
      at: [...new Set(mine.flatMap(({ at }) => at))],
    };
  }
  // All that it asked for is not yet all that there is: routes are asked for once their listener is there.
  const view = viewOf(node);
  const hasAll = servedTypes.every(
    (type) =>
      type === "secret" ||
      [...(view?.[type].values() ?? [])].every(
        ({ name, version }) => client.types[type]?.acknowledged.get(name) === version,
      ),
  );
  return client.synced && hasAll ? hasIt : notYet;
};
