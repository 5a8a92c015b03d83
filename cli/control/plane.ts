import { mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import { readSnapshot } from "../../compiler/snapshot/read-snapshot.ts";
import type { SpiffeId } from "../../lib/model/selector.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { Allowed } from "../../runtime/control/identity/index.ts";
import type { Log } from "../../runtime/log/log.ts";
import type { addressAndPort } from "../arguments.ts";
import { unavailable } from "../unavailable.ts";
import { recordedLifetime } from "./lifetimes.ts";
import { rootsStore, stateFolders, type StateOptions } from "./state.ts";

type Address = ReturnType<typeof addressAndPort>;

export interface PlaneOptions extends StateOptions {
  readonly env?: string;
  readonly types: boolean;
  readonly listen: Address;
  readonly join: Address;
  readonly admin: Address;
  readonly name: readonly string[];
  readonly lifetime: number;
  readonly drain: number;
  readonly accessLog: "stdout" | "none";
  readonly kubernetes?: true;
}

/** A control plane with all of its parts. */
export interface Plane {
  readonly close: (graceMs: number) => Promise<void>;
}

/** Opens all of a control plane, or nothing of it: where a part cannot be had, those before it are closed, and it throws in words. */
export const started = async (options: PlaneOptions, log: Log): Promise<Plane> => {
  const opened: (() => unknown)[] = [];
  try {
    return await opening(options, log, (close) => void opened.push(close));
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
};

const opening = async (options: PlaneOptions, log: Log, onFailure: (close: () => unknown) => void): Promise<Plane> => {
  const [{ control }, { admin }, { folderSource }, identity] = await Promise.all([
    import("../../runtime/control/control.ts"),
    import("../../runtime/control/admin/admin.ts"),
    import("../../runtime/control/source/folder-source.ts"),
    import("../../runtime/control/identity/index.ts"),
  ]);
  const cluster = options.kubernetes && (await identity.inClusterAccess());
  if (options.kubernetes && cluster === undefined)
    throw new Error("--kubernetes: this process runs in no cluster that it was given an account of");
  const { value: snapshot, diagnostics } = await readSnapshot(options.mesh);
  if (snapshot === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const { trustDomain } = snapshot.platform;
  const folders = stateFolders(options);
  await mkdir(folders.tokens, { recursive: true, mode: 0o700 });
  const store = await rootsStore(options, log);
  const names = [...new Set([...options.name, ...(isIP(options.listen.address) ? [options.listen.address] : [])])];
  const authority = await identity.authority({
    store,
    trustDomain,
    create: true,
    lifetimeMs: options.lifetime,
    log,
  });
  onFailure(authority.close);
  const published = (): void =>
    void identity
      .publishedRoots(folders.public, authority.roots())
      .catch((error: unknown) => log({ level: "error", event: "roots not published", reason: String(error) }));
  published();
  authority.onRoots(published);
  const identities = identity.identities({ authority, log });
  onFailure(identities.close);
  let running: Control | undefined;
  const joins = await at(options.join, (host, port) =>
    identity.joinServer({
      authority,
      tokens: identity.joinTokens({ folder: folders.tokens, log }),
      names,
      host,
      port,
      allowed: (identity) => allowed(running?.mesh(), identity),
      log,
      ...(cluster && {
        reviews: identity.tokenReviews({ api: identity.kubernetesApi(cluster), trustDomain, log }),
      }),
    }),
  );
  onFailure(joins.close);
  const plane = await at(options.listen, () =>
    control({
      source: folderSource(options.mesh, {
        types: options.types,
        trustDomain,
        ...(options.env !== undefined && { environment: options.env }),
      }),
      authority,
      identities,
      listen: options.listen,
      names,
      accessLog: options.accessLog,
      limits: { drainMs: options.drain },
      log,
    }),
  );
  running = plane;
  onFailure(() => plane.close(0));
  const watching = await at(options.admin, () => admin(plane, { ...options.admin, names }, joins));
  onFailure(watching.close);
  // Only now: a start that fails must not speak for a control plane that runs.
  await recordedLifetime(folders.lifetimes, options.lifetime);
  log({ level: "info", event: "serving", xds: plane.port, join: joins.port, admin: watching.port });
  return {
    // Who ends is watched to the end.
    close: async (graceMs) => {
      await joins.close();
      await plane.close(graceMs);
      await watching.close();
      identities.close();
      authority.close();
    },
  };
};

/** A machine whose workload was removed keeps its certificate for the rest of its life, and gets no other. */
const allowed = (mesh: ReturnType<Control["mesh"]>, identity: SpiffeId): Allowed => {
  if (mesh === undefined) return "not ready";
  return mesh.workloads.some((one) => one.proxy !== "none" && one.identity === identity) ? "yes" : "no";
};

/** Listens, or says in words why that address cannot be had. */
const at = async <Listening>(
  listen: Address,
  open: (address: string, port: number) => Promise<Listening>,
): Promise<Listening> => {
  try {
    return await open(listen.address, listen.port);
  } catch (error) {
    const why = unavailable(listen, error);
    throw why === undefined ? error : new Error(why, { cause: error });
  }
};
