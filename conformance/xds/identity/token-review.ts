import { authority, keySecret, kubernetesApi, tokenReviews } from "../../../runtime/control/identity/index.ts";
import type { Verdicts } from "../../suite.ts";
import { requestedToken, type LoopbackApiServer } from "./api-server.ts";
import { difference, judged } from "../../judged.ts";

const trustDomain = "mesh.test";
const notAccepted = { kind: "refused", reason: "the service account token is not accepted" };

/** Service account tokens, and roots kept in a secret, held against a real kube-apiserver. */
export const tokenReview = async (server: LoopbackApiServer, verdicts: Verdicts): Promise<void> => {
  await server.kube.apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reviews", namespace: "shop" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "gone", namespace: "shop" } },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "reviews-1", namespace: "shop" },
      spec: { serviceAccountName: "reviews", containers: [{ name: "a", image: "a" }] },
    },
  ]);
  await tokens(verdicts, server);
  await secrets(verdicts, server);
};

const tokens = async (verdicts: Verdicts, { url, authority, token, kube }: LoopbackApiServer): Promise<void> => {
  const access = { url, authority, token: () => token };
  const { reviewed } = tokenReviews({ api: kubernetesApi(access), trustDomain, backOffMs: 300 });
  const identity = `spiffe://${trustDomain}/ns/shop/sa/reviews`;
  const good = await requestedToken(kube, "shop", "reviews", "meshwright");
  await judged(verdicts, "a token for our audience gives its account's identity", async () =>
    difference(await reviewed(good), { kind: "reviewed", identity }),
  );
  const bound = await requestedToken(kube, "shop", "reviews", "meshwright", "reviews-1");
  await judged(verdicts, "a token that is bound to a pod names it", async () =>
    difference(await reviewed(bound), { kind: "reviewed", identity, pod: "reviews-1" }),
  );
  await judged(verdicts, "a token for another audience is refused", async () =>
    difference(
      await reviewed(await requestedToken(kube, "shop", "reviews", "https://kubernetes.default.svc")),
      notAccepted,
    ),
  );
  await judged(verdicts, "our token is refused where another audience is asked for", async () =>
    difference(await reviewed(good, { audience: "somebody-else" }), notAccepted),
  );
  await judged(verdicts, "garbage, and a token with a changed payload, are refused", async () => {
    const [head = "", payload = "", signature = ""] = good.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    const text = (fields: object): string =>
      Buffer.from(JSON.stringify({ ...claims, ...fields })).toString("base64url");
    const forged = [
      `${head}.${text({ sub: "system:serviceaccount:shop:gone" })}.${signature}`,
      `${head}.${text({ exp: 4e9 })}.${signature}`,
    ];
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.x`;
    for (const one of ["", "garbage", "a.b.c", "a".repeat(20_000), token, unsigned, ...forged]) {
      const wrong = difference(await reviewed(one), notAccepted);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  });
  await judged(
    verdicts,
    "a token of a deleted pod or account is refused, although it was accepted a moment ago",
    async () => {
      const gone = await requestedToken(kube, "shop", "gone", "meshwright");
      const before = await reviewed(gone);
      await kube.delete([
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "gone", namespace: "shop" } },
        { apiVersion: "v1", kind: "Pod", metadata: { name: "reviews-1", namespace: "shop" } },
      ]);
      // The API server itself remembers an acceptance for ten seconds in front of the look at account and pod.
      for (let left = 60; left > 0; left -= 1) {
        const found = [await reviewed(gone), await reviewed(bound)];
        if (found.every(({ kind }) => kind === "refused"))
          return difference([before.kind, ...found], ["reviewed", notAccepted, notAccepted]);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return "it is still accepted after 30 s";
    },
  );
  await judged(verdicts, "whoever may not review tokens, or reaches no API server, accepts nobody", async () => {
    const { reviewed: powerless } = tokenReviews({ api: kubernetesApi({ ...access, token: () => good }), trustDomain });
    const { reviewed: unconnected } = tokenReviews({
      api: kubernetesApi({ ...access, url: "https://127.0.0.1:1" }),
      trustDomain,
    });
    const unavailable = { kind: "refused", reason: "service account tokens cannot be reviewed now" };
    return difference([await powerless(good), await unconnected(good)], [unavailable, unavailable]);
  });
};

const secrets = async (verdicts: Verdicts, { url, authority: ca, token, kube }: LoopbackApiServer): Promise<void> => {
  const api = kubernetesApi({ url, authority: ca, token: () => token });
  const store = keySecret(api, { namespace: "shop", name: "roots" });
  const replicas = await Promise.all(Array.from({ length: 3 }, () => authority({ store, trustDomain, create: true })));
  const agree = (): boolean => new Set(replicas.map((one) => one.roots())).size === 1;
  await judged(verdicts, "replicas that start together on one secret agree on one root", async () =>
    agree() ? undefined : "they have different roots",
  );
  await judged(verdicts, "each step of a rotation is taken by one replica, and followed by all", async () => {
    for (const step of ["add", "switch", "retire"] as const) {
      const outcomes = await Promise.all(replicas.map((one) => one.rotated(step, { over: () => true })));
      if (outcomes.filter(({ kind }) => kind === "stepped").length !== 1) return `${step}: ${JSON.stringify(outcomes)}`;
      for (const one of replicas) await one.refreshed();
      if (!agree()) return `${step}: they have different roots`;
    }
    const held = (await kube.get("v1", "Secret", "shop", "roots"))?.["data"];
    return difference(Object.keys(held as object).sort(), ["ca.crt", "ca.key", "rotation.json"]);
  });
  for (const one of replicas) one.close();
};
