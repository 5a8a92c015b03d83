/** What one istiod says of itself on its monitoring port; only what a rollout waits for. */
export interface IstiodDebug {
  /** Resource versions by `configKey`, and istiod's clock at that moment, in milliseconds; whole seconds. */
  readonly held: () => Promise<{ readonly versions: ReadonlyMap<string, string>; readonly now: number }>;
  /** The proxies that are connected to it. */
  readonly proxies: () => Promise<{ readonly all: readonly ProxyStatus[]; readonly now: number }>;
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
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
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
    try {
      response = await fetch(new URL(`/debug/${path}`, address), {
        signal,
        redirect: "error",
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`istiod at ${address} cannot be asked`, { cause: error });
    }
    if (!response.ok) throw new Error(`istiod at ${address} answers /debug/${path} with ${response.status}`);
    const now = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(now)) throw new Error(`istiod at ${address} does not say what time it is`);
    return { value: await response.json(), now };
  };
  return {
    held: async () => {
      const { value, now } = await asked("configz");
      const versions = new Map(
        (value as readonly HeldConfig[]).map(({ apiVersion, kind, metadata }) => [
          `${apiVersion.split("/")[0]} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`,
          metadata.resourceVersion ?? "",
        ]),
      );
      return { versions, now };
    },
    proxies: async () => {
      const { value, now } = await asked("syncz");
      const all = ((value ?? []) as readonly HeldProxy[]).map(({ proxy, resources = {} }): ProxyStatus => ({
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

/** `2026-11-21T20:00:00Z/17` and a UUID behind it (istiod, `discovery.go`, `NextVersion`; `xdsgen.go`, `nonce`). */
const push = (nonce: string): Push => {
  const beganAt = Date.parse(nonce.split("/")[0] ?? "");
  return { nonce, beganAt: Number.isNaN(beganAt) ? 0 : beganAt };
};
