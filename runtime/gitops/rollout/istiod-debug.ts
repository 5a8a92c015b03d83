import type { ObjectRef } from "../cluster/index.ts";
import type { Labels } from "../record.ts";

/** What one istiod says of itself on its monitoring port; only what a rollout waits for. */
export interface IstiodDebug {
  /** Its objects by `configKey`, and istiod's clock at that moment, in milliseconds; whole seconds. */
  readonly held: () => Promise<{ readonly all: ReadonlyMap<string, HeldObject>; readonly now: number }>;
  /** The proxies that are connected to it. */
  readonly proxies: () => Promise<{ readonly all: readonly ProxyStatus[]; readonly now: number }>;
}

export interface HeldObject {
  readonly resourceVersion: string;
  readonly labels: Labels;
}

export interface ProxyStatus {
  /** `reviews-v1-7.bookinfo` */
  readonly name: string;
  readonly types: readonly TypeStatus[];
}

export interface TypeStatus {
  /** `Cluster` */
  readonly type: string;
  readonly sent: Push;
  readonly acknowledged: Push;
  readonly refusal: string | undefined;
}

export interface Push {
  readonly nonce: string;
  /** By istiod's clock, in milliseconds; whole seconds. */
  readonly beganAt: number;
}

export interface IstiodDebugOptions {
  readonly token?: (() => Promise<string | undefined>) | undefined;
  readonly signal: AbortSignal;
}

interface HeldConfig {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly labels?: Labels | null;
  };
}

interface HeldProxy {
  readonly proxy: string;
  readonly resources?: Readonly<
    Record<string, { readonly sent?: string; readonly acked?: string; readonly lastError?: string }>
  >;
}

/** Requests reject in words where istiod cannot be reached or does not answer as it should. */
export const istiodDebug = (address: string, { token, signal }: IstiodDebugOptions): IstiodDebug => {
  const asked = async (path: string): Promise<{ readonly value: unknown; readonly now: number }> => {
    const bearer = await token?.();
    let response: Response;
    const until = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    try {
      response = await fetch(new URL(`/debug/${path}`, address), {
        signal: until,
        redirect: "error",
        headers: { "accept-encoding": "identity", ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`istiod at ${address} cannot be asked`, { cause: error });
    }
    if (!response.ok) throw new Error(`istiod at ${address} answers /debug/${path} with ${response.status}`);
    const now = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(now)) throw new Error(`istiod at ${address} does not say what time it is`);
    const value: unknown = JSON.parse(await limited(response, address));
    if (value !== null && !Array.isArray(value))
      throw new Error(`istiod at ${address} answers /debug/${path} with no list`);
    return { value: value ?? [], now };
  };
  return {
    held: async () => {
      const { value, now } = await asked("configz");
      const all = new Map(
        (value as readonly HeldConfig[]).map(({ apiVersion, kind, metadata }): [string, HeldObject] => [
          configKey({ apiVersion, kind, namespace: metadata.namespace, name: metadata.name }),
          { resourceVersion: metadata.resourceVersion ?? "", labels: metadata.labels ?? {} },
        ]),
      );
      return { all, now };
    },
    proxies: async () => {
      const { value, now } = await asked("syncz");
      const all = (value as readonly HeldProxy[]).map(({ proxy, resources = {} }): ProxyStatus => ({
        name: proxy,
        types: Object.entries(resources).map(([url, { sent = "", acked = "", lastError = "" }]) => ({
          type: url.split(".").at(-1) ?? url,
          sent: push(sent),
          acknowledged: push(acked),
          refusal: lastError === "" ? undefined : lastError,
        })),
      }));
      return { all, now };
    },
  };
};

/** One answer, of tens of thousands of objects or proxies. */
const mostBytes = 128 * 1024 * 1024;
const answerMs = 30_000;

/** The text of an answer that is as long as istiod's are, also once it is unpacked. */
const limited = async (response: Response, address: string): Promise<string> => {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error(`istiod at ${address} answers with more than ${mostBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
};

/** Without the version: istiod reads each kind in one, whichever it was written in. */
export const configKey = ({ apiVersion, kind, namespace, name }: ObjectRef): string =>
  `${apiVersion.split("/")[0]} ${kind} ${namespace ?? ""}/${name}`;

/** `2026-11-21T20:00:00Z/17` and a UUID behind it (istiod, `discovery.go`, `NextVersion`; `xdsgen.go`, `nonce`). */
const push = (nonce: string): Push => {
  const beganAt = Date.parse(nonce.split("/")[0] ?? "");
  return { nonce, beganAt: Number.isNaN(beganAt) ? 0 : beganAt };
};
