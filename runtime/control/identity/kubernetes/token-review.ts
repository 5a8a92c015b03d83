import { createHash } from "node:crypto";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import { reasonOf, silent, type Log } from "../../../log/log.ts";
import { refused, type Refused } from "../refused.ts";
import { spiffeParts } from "../spiffe-id.ts";
import type { KubernetesApi } from "./api.ts";

/** Whom the API server says that a token speaks for. */
export interface Reviewed {
  readonly kind: "reviewed";
  readonly identity: SpiffeId;
  /** The pod that a bound token was made for. */
  readonly pod?: string;
}

export interface TokenReviews {
  readonly reviewed: (token: string, asked?: { readonly audience?: string }) => Promise<Reviewed | Refused>;
}

export interface TokenReviewOptions {
  readonly api: KubernetesApi;
  readonly trustDomain: string;
  readonly log?: Log;
  /** How long a refused token is refused without asking again, and nobody asks a server that failed. */
  readonly backOffMs?: number;
}

interface Status {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

/** What pods ask the kubelet for in a projected volume. */
export const defaultAudience = "meshwright";
const longestToken = 16_384;
const mostRefusals = 1000;
const notAuthentic = refused("the service account token is not accepted");
const unavailable = refused("service account tokens cannot be reviewed now");

/**
 * Projected service account tokens by Kubernetes' TokenReview (`authentication.k8s.io/v1`). The API server checks signature,
 * expiry, audience and that account and pod still exist; so an acceptance is never remembered. A server that does not name
 * the audience in its answer has not looked at it, and is not believed (TokenReviewStatus.audiences).
 */
export const tokenReviews = ({
  api,
  trustDomain,
  log = silent,
  backOffMs = 1000,
}: TokenReviewOptions): TokenReviews => {
  const refusals = new Map<string, number>();
  let unavailableUntil = 0;

  const remembered = (token: string): void => {
    if (refusals.size >= mostRefusals) refusals.delete(refusals.keys().next().value ?? "");
    refusals.set(token, Date.now() + backOffMs);
  };

  const status = async (token: string, audience: string): Promise<Status | undefined> => {
    const { status: code, body } = await api("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, audiences: [audience] },
    });
    if (code === 201 || code === 200) return (body as { readonly status?: Status } | undefined)?.status ?? {};
    throw new Error(`the API server answered ${code} to a TokenReview`);
  };

  return {
    async reviewed(token, { audience = defaultAudience } = {}) {
      if (audience === "") throw new Error("a token is reviewed for an audience");
      if (token.length > longestToken || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return notAuthentic;
      const hash = createHash("sha256").update(audience).update("\0").update(token).digest("base64");
      if ((refusals.get(hash) ?? 0) > Date.now()) return notAuthentic;
      if (unavailableUntil > Date.now()) return unavailable;
      try {
        const found = accepted(await status(token, audience), audience, trustDomain);
        if (found === undefined) remembered(hash);
        return found ?? notAuthentic;
      } catch (error) {
        unavailableUntil = Date.now() + backOffMs;
        log({ level: "error", event: "token review failed", reason: reasonOf(error) });
        return unavailable;
      }
    },
  };
};

const accepted = (status: Status | undefined, audience: string, trustDomain: string): Reviewed | undefined => {
  if (status?.authenticated !== true || status.audiences?.includes(audience) !== true) return undefined;
  const [, namespace, account] =
    /^system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)$/.exec(status.user?.username ?? "") ?? [];
  const identity = `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`;
  if (namespace === undefined || account === undefined || spiffeParts(identity) === undefined) return undefined;
  const pod = status.user?.extra?.["authentication.kubernetes.io/pod-name"]?.[0];
  return { kind: "reviewed", identity, ...(pod === undefined ? {} : { pod }) };
};
