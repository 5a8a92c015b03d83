import { request as httpsRequest, Agent, type RequestOptions } from "node:https";
import { connect as tlsConnect } from "node:tls";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
  };
  readonly [field: string]: unknown;
}

/** The API server's refusal, in its own words. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export class KubeError extends Error {
  readonly refusal: Refusal;
  constructor(what: string, refusal: Refusal) {
    super(`${what}: ${refusal.status} ${refusal.message}`);
    this.refusal = refusal;
  }
}

export interface Kube {
  /** Server-side apply with strict field validation, one manager that owns all; in the order given, Namespaces first. Returns them as stored. */
  readonly apply: (objects: readonly KubeObject[]) => Promise<readonly KubeObject[]>;
  /** The status, which server-side apply of the object itself leaves alone. */
  readonly applyStatus: (object: KubeObject) => Promise<void>;
  /** As apply, but nothing is stored; the refusal where there is one. */
  readonly refusalOf: (object: KubeObject) => Promise<Refusal | undefined>;
  /** At once, without grace; what is not there is no error. */
  readonly delete: (objects: readonly KubeObject[]) => Promise<void>;
  readonly get: (
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
    name: string,
  ) => Promise<KubeObject | undefined>;
  /** In all namespaces when none is given. */
  readonly list: (apiVersion: string, kind: string, namespace?: string) => Promise<readonly KubeObject[]>;
  /** The JSON of any path. */
  readonly raw: (method: string, path: string, body?: unknown, contentType?: string) => Promise<unknown>;
}

interface Resource {
  readonly name: string;
  readonly namespaced: boolean;
}

const manager = "meshwright-rig";

/** A small client of our own: the one dependency would be client-node, which is slow here and cannot go over a socket that we opened. */
export const kube = (dialled: () => Socket, authority: string, token: string): Kube => {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const createConnection = (
    _options: RequestOptions,
    connected?: (error: Error | null, stream: Duplex) => void,
  ): Duplex => {
    const socket = tlsConnect({ socket: dialled(), ca: authority, servername: "kubernetes.default.svc" });
    socket.once("secureConnect", () => connected?.(null, socket));
    return socket;
  };
  Object.assign(agent, { createConnection });

  const answer = (
    method: string,
    path: string,
    body: string | undefined,
    contentType: string,
  ): Promise<{ readonly status: number; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          agent,
          method,
          path,
          host: "kubernetes.default.svc",
          headers: {
            authorization: `Bearer ${token}`,
            accept: "application/json",
            ...(body === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
          },
          timeout: 30_000,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      request.on("timeout", () => request.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
      request.on("error", reject);
      request.end(body);
    });

  const raw = async (
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<unknown> => {
    const { status, text } = await answer(
      method,
      path,
      body === undefined ? undefined : JSON.stringify(body),
      contentType,
    );
    const parsed = parsedJson(text);
    if (status < 400) return parsed;
    const { reason = "", message = text } = (typeof parsed === "object" && parsed !== null ? parsed : {}) as {
      readonly reason?: string;
      readonly message?: string;
    };
    throw new KubeError(`${method} ${path.split("?")[0]}`, { status, reason, message });
  };

  const groups = new Map<string, Promise<ReadonlyMap<string, Resource>>>();
  const groupPath = (apiVersion: string): string =>
    apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const resource = async ({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): Promise<Resource> => {
    const known = groups.get(apiVersion) ?? resources(apiVersion);
    groups.set(apiVersion, known);
    known.catch(() => groups.delete(apiVersion));
    const found = (await known).get(kind);
    if (found === undefined) {
      groups.delete(apiVersion);
      throw new KubeError(`${apiVersion} ${kind}`, {
        status: 404,
        reason: "NotFound",
        message: "the API server has no such kind",
      });
    }
    return found;
  };
  const resources = async (apiVersion: string): Promise<ReadonlyMap<string, Resource>> => {
    const list = (await raw("GET", groupPath(apiVersion))) as {
      readonly resources: readonly (Resource & { readonly kind: string })[];
    };
    return new Map(
      list.resources
        .filter(({ name }) => !name.includes("/"))
        .map(({ name, namespaced, kind }) => [kind, { name, namespaced }]),
    );
  };
  const path = async (
    object: Pick<KubeObject, "apiVersion" | "kind">,
    namespace: string | undefined,
    name?: string,
  ): Promise<string> => {
    const { name: plural, namespaced } = await resource(object);
    return `${groupPath(object.apiVersion)}${namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ""}/${plural}${name === undefined ? "" : `/${name}`}`;
  };
  const pathOf = (object: KubeObject): Promise<string> =>
    path(object, object.metadata.namespace ?? "default", object.metadata.name);
  const patch = async (object: KubeObject, { below = "", query = "" } = {}): Promise<KubeObject> =>
    (await raw(
      "PATCH",
      `${await pathOf(object)}${below}?fieldManager=${manager}&force=true&fieldValidation=Strict${query}`,
      object,
      "application/apply-patch+yaml",
    )) as KubeObject;

  return {
    async apply(objects) {
      const namespaces = objects.filter(({ kind }) => kind === "Namespace");
      const stored = new Map<KubeObject, KubeObject>();
      for (const group of [namespaces, objects.filter((object) => !namespaces.includes(object))]) {
        await inParallel(group, async (object) => void stored.set(object, await patch(object)));
      }
      return objects.flatMap((object) => stored.get(object) ?? []);
    },
    applyStatus: async (object) => void (await patch(object, { below: "/status" })),
    async refusalOf(object) {
      try {
        await patch(object, { query: "&dryRun=All" });
        return undefined;
      } catch (error) {
        if (error instanceof KubeError) return error.refusal;
        throw error;
      }
    },
    async delete(objects) {
      await inParallel(objects, async (object) => {
        try {
          await raw("DELETE", await pathOf(object), {
            apiVersion: "v1",
            kind: "DeleteOptions",
            gracePeriodSeconds: 0,
            propagationPolicy: "Background",
          });
        } catch (error) {
          if (!(error instanceof KubeError && error.refusal.status === 404)) throw error;
        }
      });
    },
    async get(apiVersion, kind, namespace, name) {
      try {
        return (await raw("GET", await path({ apiVersion, kind }, namespace, name))) as KubeObject;
      } catch (error) {
        if (error instanceof KubeError && error.refusal.status === 404) return undefined;
        throw error;
      }
    },
    async list(apiVersion, kind, namespace) {
      const { items } = (await raw("GET", await path({ apiVersion, kind }, namespace))) as {
        readonly items: readonly KubeObject[];
      };
      // Items of a list name neither their version nor their kind.
      return items.map((item) => ({ ...item, apiVersion, kind }));
    },
    raw,
  };
};

/** What makes an object the same one, whatever it says. */
export const keyOf = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`;

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const inParallel = async <T>(items: readonly T[], each: (item: T) => Promise<void>, width = 12): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      if (index >= items.length) return;
      await each(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
};
