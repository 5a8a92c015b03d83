import { afterEach, expect, test } from "vitest";
import { ClusterError } from "./api.ts";
import { clusterApi, type ClusterApiOptions } from "./client.ts";
import {
  answering,
  resetting,
  silentAnswer,
  smallServer,
  stored,
  type Answering,
  type SmallServer,
} from "./fixture.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const started = async (
  answers: readonly Answering[],
  options: Partial<ClusterApiOptions> = {},
): Promise<SmallServer & { readonly api: ReturnType<typeof clusterApi> }> => {
  const server = await smallServer(...answers);
  const api = clusterApi({ access: server.access, retries: { firstMs: 1 }, ...options });
  closing.push(api.close, server.close);
  return { ...server, api };
};

const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" }, data: { b: "c" } };
const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" };
const refusedBy = (work: Promise<unknown>): Promise<ClusterError> =>
  work.then(
    () => Promise.reject(new Error("it was not refused")),
    (error: unknown) => (error instanceof ClusterError ? error : Promise.reject(error as Error)),
  );

test("an apply is strict, unforced and by our name, and an object comes back with its kind", async () => {
  const { api, seen } = await started([answering(200, stored("a"))]);
  expect(await api.apply(object, { dryRun: true })).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  const [{ method, url, body } = { method: "", url: "", body: "" }] = seen;
  expect(method).toBe("PATCH");
  expect(url).toBe(
    "/api/v1/namespaces/shop/configmaps/a?fieldManager=meshwright&fieldValidation=Strict&force=false&dryRun=All",
  );
  expect(JSON.parse(body)).toEqual(object);
});

test("names can be listed and objects tried without what they say", async () => {
  const { api, seen } = await started([
    answering(200, { metadata: {}, items: [stored("a")] }),
    answering(200, stored("a")),
  ]);
  const { items } = await api.list(ref, { namespace: "shop", metadataOnly: true });
  expect(items).toMatchObject([{ kind: "ConfigMap", metadata: { name: "a" } }]);
  await api.apply(object, { dryRun: true, metadataOnly: true });
  await api.apply(object);
  // What an API server does not know how to shorten it gives whole.
  expect(seen.map(({ accept }) => accept)).toEqual([
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
    "application/json",
  ]);
});

test("what may pass is tried again, and what cannot is not", async () => {
  for (const status of [429, 500, 502, 503, 504]) {
    const { api, seen } = await started([answering(status, {}), answering(status, {}), answering(200, stored("a"))]);
    await api.apply(object);
    expect(seen.length, String(status)).toBe(3);
  }
  for (const [status, kind] of [
    [400, "invalid"],
    [403, "forbidden"],
    [409, "conflict"],
    [422, "invalid"],
  ] as const) {
    const { api, seen } = await started([answering(status, { message: "no" })]);
    expect(await refusedBy(api.apply(object))).toMatchObject({ kind, status, message: "v1 ConfigMap shop/a: no" });
    expect(seen.length, String(status)).toBe(1);
  }
});

test("a server that never gets well is left alone after a few tries", async () => {
  const { api, seen } = await started([answering(503, { message: "etcd has no leader" })]);
  expect(await refusedBy(api.apply(object))).toMatchObject({ kind: "busy", message: /etcd has no leader/ });
  expect(seen.length).toBe(5);
});

test("a wait that the API server asks for is kept, and a long one is the caller's", async () => {
  const waits: unknown[] = [];
  const { api, seen } = await started([answering(429, {}, { "retry-after": "1" }), answering(200, stored("a"))], {
    log: (entry) => void waits.push(entry["waitMs"]),
  });
  await api.apply(object);
  expect([seen.length, waits]).toEqual([2, [1000]]);
  const long = await started([answering(429, {}, { "retry-after": "3600" })]);
  expect(await refusedBy(long.api.apply(object))).toMatchObject({ kind: "busy", retryAfterMs: 3_600_000 });
  expect(long.seen.length).toBe(1);
});

test("a reset, an answer that is cut off and one that is no JSON are asked for again", async () => {
  const { api, seen } = await started([
    resetting,
    (_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"metadata": ');
      setTimeout(() => response.destroy(), 10);
    },
    answering(200, '{"metadata": {"name"'),
    answering(200, stored("a")),
  ]);
  expect((await api.apply(object)).metadata.name).toBe("a");
  expect(seen.length).toBe(4);
});

test("an answer that does not come is given up in time, and is said", async () => {
  const { api } = await started([silentAnswer], { timeoutMs: 50, retries: { attempts: 2, firstMs: 1 } });
  expect(await refusedBy(api.apply(object))).toMatchObject({
    kind: "unreachable",
    message: /did not answer within 0.05 s/,
  });
});

test("an answer that is too long is not read to its end", async () => {
  const { api } = await started([answering(200, { data: "x".repeat(100_000) })], {
    longest: 10_000,
    retries: { attempts: 1 },
  });
  expect(await refusedBy(api.apply(object))).toMatchObject({ kind: "server", message: /longer than 10000 bytes/ });
});

test("nobody who listens is said, with the address", async () => {
  const { api, access, close } = await started([answering(200, {})], { retries: { attempts: 1 } });
  await close();
  expect(await refusedBy(api.list(ref))).toMatchObject({
    kind: "unreachable",
    message: `the API server at ${access.server.host} cannot be reached: nobody listens there`,
  });
});

test("a signal ends what is under way and what waits for its turn, with its reason", async () => {
  const { api, seen } = await started([silentAnswer], { width: 2 });
  const stop = new AbortController();
  const all = Array.from({ length: 5 }, (_, index) =>
    api.apply({ ...object, metadata: { name: `a${index}`, namespace: "shop" } }, { signal: stop.signal }).catch(String),
  );
  await expect.poll(() => seen.length).toBe(2);
  stop.abort(new Error("enough"));
  expect(new Set(await Promise.all(all))).toEqual(new Set(["Error: enough"]));
  expect(seen.length).toBe(2);
});

test("a fence that closes between two attempts ends the write, also one that waits for its turn", async () => {
  let open = true;
  const { api, seen } = await started(
    [
      (_request, response) => {
        open = false;
        response.writeHead(503);
        response.end();
      },
    ],
    { width: 1 },
  );
  const fence = (): void => {
    if (!open) throw new Error("closed");
  };
  const both = [api.apply(object, { fence }), api.remove(ref, { uid: "u", fence })];
  expect(await Promise.all(both.map((one) => one.then(() => "written", String)))).toEqual([
    "Error: closed",
    "Error: closed",
  ]);
  expect(seen.length).toBe(1);
});

test("no more requests than its width are under way", async () => {
  let under = 0;
  let most = 0;
  const { api } = await started(
    [
      (_request, response) => {
        under += 1;
        most = Math.max(most, under);
        setTimeout(() => {
          under -= 1;
          response.end(JSON.stringify(stored("a")));
        }, 5);
      },
    ],
    { width: 4 },
  );
  await Promise.all(Array.from({ length: 40 }, () => api.apply(object)));
  expect(most).toBe(4);
});

test("pages are read to the end, and from the start when the API server forgot the rest", async () => {
  const page = (names: readonly string[], next?: string) =>
    answering(200, {
      metadata: { resourceVersion: "7", ...(next === undefined ? {} : { continue: next }) },
      items: names.map((name) => stored(name)),
    });
  const { api, seen } = await started([
    page(["a", "b"], "n/1"),
    answering(410, { message: "The provided continue parameter is too old" }),
    page(["a"], "n/2"),
    page(["c"]),
  ]);
  const { items, resourceVersion } = await api.list(ref, { namespace: "shop", labelSelector: "x=y" });
  expect(items.map(({ metadata, kind }) => `${kind} ${metadata.name}`)).toEqual(["ConfigMap a", "ConfigMap c"]);
  expect(resourceVersion).toBe("7");
  expect(seen.map(({ url }) => url.split("?")[1])).toEqual([
    "limit=500&labelSelector=x%3Dy",
    "limit=500&labelSelector=x%3Dy&continue=n%2F1",
    "limit=500&labelSelector=x%3Dy",
    "limit=500&labelSelector=x%3Dy&continue=n%2F2",
  ]);
});

test("a removal whose answer was lost is done when the object is gone or ends, and not when another took its place", async () => {
  const asked = { uid: "u", resourceVersion: "1" };
  const gone = await started([resetting, answering(404, { details: { name: "a" } })]);
  await gone.api.remove(ref, asked);
  const ending = stored("a", { metadata: { uid: "u", deletionTimestamp: "2026-01-01T00:00:00Z" } });
  const ends = await started([resetting, answering(409, {}), answering(200, ending)]);
  await ends.api.remove(ref, asked);
  const another = await started([
    resetting,
    answering(409, {}),
    answering(200, stored("a", { metadata: { uid: "v" } })),
  ]);
  expect(await refusedBy(another.api.remove(ref, asked))).toMatchObject({ kind: "conflict" });
  expect(JSON.parse(another.seen[0]?.body ?? "")).toMatchObject({
    preconditions: asked,
    propagationPolicy: "Background",
  });
});

test("credentials are asked for anew when they are refused, once for all who wait", async () => {
  let fresh = 0;
  const { access: plain, ...server } = await smallServer((request, response) => {
    const good = request.authorization === "Bearer good";
    response.writeHead(good ? 200 : 401);
    response.end(JSON.stringify(good ? stored("a") : {}));
  });
  const access = {
    ...plain,
    credentials: async ({ fresh: again = false } = {}) => {
      if (again) fresh += 1;
      return { headers: { authorization: fresh > 0 ? "Bearer good" : "Bearer old" }, tls: {} };
    },
  };
  const api = clusterApi({ access });
  closing.push(api.close, server.close);
  await Promise.all(Array.from({ length: 30 }, () => api.apply(object)));
  expect(fresh).toBe(1);
});

test("credentials that stay refused are not asked for without end", async () => {
  let asked = 0;
  const { access: plain, ...server } = await smallServer(answering(401, {}));
  const access = { ...plain, credentials: () => ((asked += 1), plain.credentials()) };
  const api = clusterApi({ access });
  closing.push(api.close, server.close);
  for (let left = 10; left > 0; left -= 1)
    expect(await refusedBy(api.apply(object))).toMatchObject({
      kind: "forbidden",
      message: /does not accept the credentials/,
    });
  expect(asked).toBe(2);
});

test("neither an error nor a log line holds the token", async () => {
  const lines: unknown[] = [];
  const { api } = await started([resetting, answering(503, {}), answering(302, {}, { location: "http://x" })], {
    log: (entry) => void lines.push(entry),
  });
  const error = await refusedBy(api.apply(object));
  const told = JSON.stringify([lines, error, String(error.stack), String(error.cause)]);
  expect(lines.length).toBeGreaterThan(1);
  expect(told).not.toContain("secret-token");
});

test("a kind that is missing is looked for again, but not for each who asks", async () => {
  const missing = { apiVersion: "late.test/v1", kind: "Late" };
  let served = false;
  let asked = 0;
  const { api } = await started([
    (_request, response) => {
      asked += 1;
      response.writeHead(served ? 200 : 404);
      response.end(
        JSON.stringify(served ? { resources: [{ name: "lates", kind: "Late", namespaced: true }], items: [] } : {}),
      );
    },
  ]);
  for (let left = 20; left > 0; left -= 1)
    expect(await refusedBy(api.list(missing))).toMatchObject({ kind: "no-such-kind" });
  expect(asked).toBe(1);
  served = true;
  await expect.poll(() => api.list(missing).then(({ items }) => items.length, String)).toBe(0);
});
