import { randomBytes } from "node:crypto";
import { leaseName } from "../../../runtime/gitops/spec/lease-name.ts";
import {
  ClusterError,
  leaderElection,
  refOf,
  type ClusterApi,
  type ObjectKind,
  type ObjectRef,
  type WantedObject,
} from "../../../runtime/gitops/cluster/index.ts";
import { PassFailure } from "../../../runtime/gitops/failure.ts";
import { applySet, type ApplySet } from "../../../runtime/gitops/inventory/index.ts";
import { markerObject } from "../../../runtime/gitops/rollout/settled.ts";
import { absent, followed } from "../../../runtime/gitops/spec/followed.ts";
import { meshSyncReporter } from "../../../runtime/gitops/status/mesh-sync-reporter.ts";
import { events } from "../../../runtime/gitops/status/events.ts";
import type { LogEntry } from "../../../runtime/log/log.ts";
import { meshSyncs, release, rootNamespace, spec } from "./surroundings.ts";

/** The least that Istio takes of each kind that a mesh is written as. */
const members: Readonly<Record<string, readonly [apiVersion: string, spec: object, changed: object]>> = {
  VirtualService: [
    "networking.istio.io/v1",
    { hosts: ["a.shop"], http: [{ route: [{ destination: { host: "a" } }] }] },
    { hosts: ["b.shop"], http: [{ route: [{ destination: { host: "a" } }] }] },
  ],
  DestinationRule: ["networking.istio.io/v1", { host: "a" }, { host: "b" }],
  Gateway: [
    "networking.istio.io/v1",
    { servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["a.invalid"] }] },
    { servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["b.invalid"] }] },
  ],
  ServiceEntry: [
    "networking.istio.io/v1",
    { hosts: ["a.invalid"], ports: [{ number: 443, name: "tls", protocol: "TLS" }], resolution: "NONE" },
    { hosts: ["b.invalid"], ports: [{ number: 443, name: "tls", protocol: "TLS" }], resolution: "NONE" },
  ],
  Sidecar: ["networking.istio.io/v1", { egress: [{ hosts: ["./*"] }] }, { egress: [{ hosts: ["~/*"] }] }],
  PeerAuthentication: ["security.istio.io/v1", { mtls: { mode: "STRICT" } }, { mtls: { mode: "PERMISSIVE" } }],
  AuthorizationPolicy: ["security.istio.io/v1", { rules: [{}] }, { action: "DENY", rules: [{}] }],
};

export const memberKinds: readonly ObjectKind[] = Object.entries(members).map(([kind, [apiVersion]]) => ({
  apiVersion,
  kind,
}));

/** What mesh-sync does with a cluster, as it does it. Rejects with what the API server refused first. */
export const duties = async (
  api: ClusterApi,
  /** Makes what somebody who installs makes. */
  made: (object: WantedObject) => Promise<unknown>,
  /** Takes away what an earlier run left. */
  gone: (ref: ObjectRef) => Promise<unknown>,
): Promise<void> => {
  // Of each run its own: what an earlier one left over would make a write unnecessary.
  const name = `run-${randomBytes(6).toString("hex")}`;
  const parent = { ...meshSyncs, namespace: release.namespace, name };
  const refusals: unknown[] = [];
  const log = ({ level, reason }: LogEntry): void => {
    if (level !== "info") refusals.push(reason);
  };
  const told = async (work: Promise<unknown>): Promise<void> => {
    await work;
    if (refusals.length > 0) throw new ClusterError(String(refusals[0]), { kind: "forbidden" });
  };

  await gone({ ...lease, namespace: release.namespace, name: leaseName(release.name) });
  await led(api, name);
  const set = applySet({ api, parent, tooling: { name: "mesh-sync", version: "1.2.3" }, kinds: memberKinds });
  await changedIn(api, parent, made);
  await set.widen({ kinds: memberKinds, namespaces: ["shop"], rollout: "a".repeat(40) });
  await set.members();
  for (const kind of memberKinds) await kept(api, set, kind, name);
  await set.narrow({ kinds: memberKinds, namespaces: ["shop"] });
  const marker = (at: string): WantedObject =>
    markerObject({ namespace: release.namespace, name: `${release.name}-settled` }, rootNamespace, at);
  await gone(refOf(marker("")));
  await api.apply(marker("2026-01-01T00:00:00Z"));
  await api.apply(marker("2026-01-01T00:00:01Z"));

  const { signal } = new AbortController();
  const reporter = meshSyncReporter({ api, signal, parent, generation: () => 1, instance: name, log });
  await told(reporter.failed(new PassFailure("Planned", "Foreign", "theirs"), "a".repeat(40)));
  const { tell } = events({ api, regarding: parent, instance: name, log, repeatMs: 0 });
  const again = () => told(tell({ type: "Normal", reason: "Again", action: "Tell", note: "again" }, "uid"));
  await again();
  await again();
};

/** Until a MeshSync that was not there is seen. */
const changedIn = async (
  api: ClusterApi,
  parent: ObjectRef,
  made: (object: WantedObject) => Promise<unknown>,
): Promise<void> => {
  const refused = new AbortController();
  const listed = Promise.withResolvers<void>();
  const following = followed({
    // What is made after the list only a watch can tell.
    api: { ...api, list: (...asked) => api.list(...asked).finally(listed.resolve) },
    parent,
    log: ({ reason }) => refused.abort(new ClusterError(String(reason), { kind: "forbidden" })),
  });
  const until = AbortSignal.any([refused.signal, AbortSignal.timeout(20_000)]);
  await following.found(until).catch((error: unknown) => {
    if ((error as PassFailure).reason !== absent)
      throw new ClusterError((error as Error).message, { kind: "forbidden" });
  });
  const changed = following.changed(until);
  await listed.promise;
  await made({ ...meshSyncs, metadata: { namespace: parent.namespace ?? "", name: parent.name }, spec });
  await changed;
  until.throwIfAborted();
};

/** An object's whole life, as a pass and the watch for drift see it. */
const kept = async (api: ClusterApi, set: ApplySet, kind: ObjectKind, name: string): Promise<void> => {
  const [, first = {}, changed = {}] = members[kind.kind] ?? [];
  const object = (said: object): WantedObject => ({
    ...kind,
    metadata: { namespace: "shop", name, labels: set.labels },
    spec: said,
  });
  await api.get(refOf(object(first)));
  await api.apply(object(first), { dryRun: true });
  const { resourceVersion: from } = await api.list(kind, { labelSelector: set.selector });
  await seen(api, kind, { labelSelector: set.selector, from }, () => api.apply(object(first)));
  const { metadata } = await api.apply(object(changed));
  await api.remove(refOf(object(first)), { uid: metadata.uid, dryRun: true });
  await api.remove(refOf(object(first)), { uid: metadata.uid });
};

/** Until a watch has told what the work did. */
const seen = async (
  api: ClusterApi,
  kind: ObjectKind,
  asked: { readonly namespace?: string; readonly labelSelector?: string; readonly from: string },
  work: () => Promise<unknown>,
): Promise<void> => {
  const over = new AbortController();
  const enough = new Error("seen");
  const watched = api
    .watch(kind, { ...asked, signal: AbortSignal.any([over.signal, AbortSignal.timeout(20_000)]) }, () =>
      over.abort(enough),
    )
    .catch((error: unknown) => {
      if (error !== enough) throw error;
    });
  await Promise.all([watched, work()]).finally(() => over.abort(enough));
};

const lease: ObjectKind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };

const led = async (api: ClusterApi, identity: string): Promise<void> => {
  const over = new AbortController();
  const election = leaderElection({
    api,
    namespace: release.namespace,
    name: leaseName(release.name),
    identity,
    log: ({ level, reason }) => {
      if (level !== "info") over.abort(new ClusterError(String(reason), { kind: "forbidden" }));
    },
  });
  await election.led(async () => undefined, over.signal);
  over.signal.throwIfAborted();
};
