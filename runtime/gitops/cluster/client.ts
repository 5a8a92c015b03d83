import { silent, type Log } from "../../log/log.ts";
import type { ClusterAccess } from "./access/access.ts";
import {
  ClusterError,
  fieldManager,
  type ClusterApi,
  type ClusterObject,
  type ListOptions,
  type ObjectKind,
  type ObjectList,
  type ObjectRef,
  type WantedObject,
  type WriteOptions,
} from "./api.ts";
import { connection, type Asked, type ConnectionLimits } from "./connection/connection.ts";
import { discovery } from "./discovery.ts";
import { refusal } from "./connection/refusal.ts";
import { retried, type Retries } from "./connection/retried.ts";
import { watching, type WatchLimits } from "./watch.ts";

export interface ClusterApiOptions extends ConnectionLimits {
  readonly access: ClusterAccess;
  readonly log?: Log;
  readonly retries?: Retries;
  readonly watch?: WatchLimits;
  /** Objects of one page of a list. */
  readonly page?: number;
}

/** A client of one API server, over connections that it keeps until `close`. */
export const clusterApi = (options: ClusterApiOptions): ClusterApi & { readonly close: () => Promise<void> } => {
  const { access, log = silent, retries = {}, page = 500 } = options;
  const line = connection(access, options);

  const repeated = <T>(what: string, attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    retried(attempt, retries, signal, (error, ms) =>
      log({ level: "warn", event: "api server tried again", what, reason: error.message, waitMs: Math.round(ms) }),
    );
  const closing = new AbortController();
  const kinds = discovery((path, signal = closing.signal) =>
    repeated(
      path,
      async () => {
        const answer = await line.answered({ method: "GET", path, signal });
        if (answer.status === 404) return undefined;
        if (answer.status !== 200) throw refusal(path, answer);
        return json(path, answer.body);
      },
      signal,
    ),
  );

  /** The JSON of a success. */
  const asked = (what: string, { apiVersion }: ObjectKind, request: Asked): Promise<unknown> =>
    repeated(
      what,
      async () => {
        const answer = await line.answered(request);
        if (answer.status >= 200 && answer.status < 300) return json(what, answer.body);
        const refused = refusal(what, answer);
        if (refused.kind === "no-such-kind") kinds.forget(apiVersion);
        throw refused;
      },
      request.signal,
    );
  const pathOf = (object: WantedObject, options: WriteOptions, named: boolean): Promise<string> => {
    const { name, namespace } = object.metadata;
    return kinds
      .path(object, { namespace, name }, options.signal)
      .then((path) => (named ? path : path.slice(0, path.lastIndexOf("/"))))
      .then((path) => (options.subresource === undefined ? path : `${path}/${options.subresource}`));
  };
  const written = async (
    method: "POST" | "PUT" | "PATCH",
    object: WantedObject,
    options: WriteOptions,
  ): Promise<ClusterObject> => {
    const path = await pathOf(object, options, method !== "POST");
    const query = new URLSearchParams({ fieldManager, fieldValidation: "Strict" });
    if (method === "PATCH") query.set("force", String(options.force === true));
    if (options.dryRun === true) query.set("dryRun", "All");
    const stored = await asked(fullNameOf(object, object.metadata), object, {
      method,
      path: `${path}?${query.toString()}`,
      body: JSON.stringify(object),
      contentType: method === "PATCH" ? "application/apply-patch+yaml" : "application/json",
      accept: options.metadataOnly === true ? metadataOf("PartialObjectMetadata") : undefined,
      signal: options.signal,
      fence: options.fence,
    });
    return { ...(stored as ClusterObject), apiVersion: object.apiVersion, kind: object.kind };
  };

  const get: ClusterApi["get"] = async (ref, { signal } = {}) => {
    const path = await kinds.path(ref, ref, signal);
    try {
      const found = await asked(fullNameOf(ref, ref), ref, { method: "GET", path, signal });
      return { ...(found as ClusterObject), apiVersion: ref.apiVersion, kind: ref.kind };
    } catch (error) {
      if (error instanceof ClusterError && error.kind === "not-found") return undefined;
      throw error;
    }
  };

  const pages = async (
    kind: ObjectKind,
    { namespace, labelSelector, metadataOnly, signal }: ListOptions,
  ): Promise<ObjectList> => {
    const path = await kinds.path(kind, { namespace }, signal);
    const items: ClusterObject[] = [];
    for (let next = ""; ;) {
      const query = new URLSearchParams({ limit: String(page) });
      if (labelSelector !== undefined) query.set("labelSelector", labelSelector);
      if (next !== "") query.set("continue", next);
      const found = (await asked(fullNameOf(kind, { namespace }), kind, {
        method: "GET",
        path: `${path}?${query.toString()}`,
        accept: metadataOnly === true ? metadataOf("PartialObjectMetadataList") : undefined,
        signal,
      })) as Page;
      // Items of a list name neither their version nor their kind.
      for (const item of found.items ?? []) items.push({ ...item, apiVersion: kind.apiVersion, kind: kind.kind });
      next = found.metadata?.continue ?? "";
      if (next === "") return { items, resourceVersion: found.metadata?.resourceVersion ?? "" };
    }
  };
  const list: ClusterApi["list"] = async (kind, options = {}) => {
    for (let left = 2; ; left -= 1) {
      try {
        return await pages(kind, options);
      } catch (error) {
        // The pages that follow are forgotten after some minutes: a half list is none.
        if (!(error instanceof ClusterError) || error.kind !== "gone" || left === 0) throw error;
      }
    }
  };

  return {
    get,
    list,
    preferred: (group, kind, { signal } = {}) => kinds.preferred(group, kind, signal),
    apply: (object, options = {}) => written("PATCH", object, options),
    create: (object, options = {}) => written("POST", object, options),
    replace: (object, options = {}) => written("PUT", object, options),
    async remove(ref, { uid, resourceVersion, dryRun = false, signal, fence }) {
      const path = await kinds.path(ref, ref, signal);
      const body = JSON.stringify({
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Background",
        preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
        ...(dryRun ? { dryRun: ["All"] } : {}),
      });
      try {
        await asked(fullNameOf(ref, ref), ref, { method: "DELETE", path, body, signal, fence });
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.kind === "not-found") return;
        // The one before it may have been carried out and its answer lost: then the object ends already.
        if (error.kind !== "conflict") throw error;
        const found = await get(ref, signal === undefined ? {} : { signal });
        if (found === undefined) return;
        if (found.metadata.uid === uid && found.metadata.deletionTimestamp !== undefined) return;
        throw error;
      }
    },
    watch: watching({ line, kinds, list, log, ...(options.watch === undefined ? {} : { limits: options.watch }) }),
    close: () => {
      closing.abort(new ClusterError("the connections to the API server were closed", { kind: "unreachable" }));
      return line.close();
    },
  };
};

/** Refusals come as they are (Kubernetes, "API concepts", metadata-only fetches). */
const metadataOf = (kind: "PartialObjectMetadata" | "PartialObjectMetadataList"): string =>
  `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ClusterObject[];
}

/** For messages: `networking.istio.io/v1 VirtualService shop/reviews`. */
export const fullNameOf = (
  { apiVersion, kind }: ObjectKind,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name?: string },
): string =>
  [`${apiVersion} ${kind}`, [namespace, name].filter((part) => part !== undefined).join("/")].join(" ").trimEnd();

export const refOf = ({
  apiVersion,
  kind,
  metadata,
}: ObjectKind & { readonly metadata: Pick<WantedObject["metadata"], "name" | "namespace"> }): ObjectRef => ({
  apiVersion,
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
});

const json = (what: string, body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw new ClusterError(`${what}: the API server's answer is no JSON`, { kind: "server" });
  }
};
