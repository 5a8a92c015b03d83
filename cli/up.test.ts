import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LiveState, Tried, TriedRequest } from "../compiler/preview/page/live.ts";
import { asked } from "../runtime/proxy/fixture.ts";
import { anyGatewayPort, below, leftovers, upped } from "./up/fixture.ts";

/** The first of what the page is told that is as it should be. */
const liveState = async (url: string, isWanted: (state: LiveState) => boolean): Promise<LiveState> => {
  const response = await fetch(`${url}events`);
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const found = text
      .split("\n\n")
      .slice(0, -1)
      .map((event) => JSON.parse(event.slice("data: ".length)) as LiveState)
      .find(isWanted);
    if (found !== undefined) return found;
  }
  throw new Error("the events ended");
};

test(
  "a mesh runs, its traffic moves with its policies, and nothing of it is left behind",
  { timeout: 180_000 },
  async () => {
    const { child, folder, ended, says, temporary } = await upped(anyGatewayPort, ["--page"]);
    const [, port = ""] = await says(/is reached at http:\/\/127\.0\.0\.1:(\d+)/);
    const page = async (path = "/productpage") => asked(Number(port), { path, host: "bookinfo.example.com" });
    const versions = async (): Promise<ReadonlySet<string>> => {
      const all = await Promise.all(Array.from({ length: 40 }, () => page()));
      expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
      return new Set(all.map(({ body }) => (JSON.parse(body) as { reviews: { version: string } }).reviews.version));
    };
    expect(await versions()).toEqual(new Set(["v1", "v3"]));
    expect((await page("/nope")).status).toBe(404);

    const [, url = ""] = await says(/shown at (http:\/\/127\.0\.0\.1:\d+\/)/);
    expect(await (await fetch(url)).text()).toContain("Try a request");
    const trying = (request: Partial<TriedRequest>): Promise<Tried> =>
      fetch(`${url}try`, {
        method: "POST",
        headers: { origin: new URL(url).origin, "content-type": "application/json" },
        body: JSON.stringify({ method: "GET", url: "http://reviews:9080/reviews/0", headers: [], ...request }),
      }).then((response) => response.json() as Promise<Tried>);
    expect(await trying({ from: "bookinfo/productpage-v1", headers: ["end-user: jason"] })).toMatchObject({
      answer: { status: 200, body: expect.stringContaining('"version":"v2"') },
      explanation: expect.stringMatching(/^GET http:\/\/reviews:9080[\s\S]*subset v2[\s\S]*reviews\.ts:9/),
    });
    expect(await trying({ from: "bookinfo/productpage-v1", method: "DELETE" })).toMatchObject({
      answer: { status: 403 },
      explanation: expect.stringMatching(/answered with 403 by the callee's proxy/),
    });
    expect(await trying({ from: "outside", url: "http://bookinfo.example.com/productpage" })).toMatchObject({
      answer: { status: 200 },
    });
    // Neither what the mesh keeps from outside nor what the mesh is not can be dialled.
    for (const wrong of [
      { from: "outside" },
      { from: "outside", url: `http://127.0.0.1:${port}/` },
      { from: "bookinfo/nobody" },
      { from: "bookinfo/productpage-v1", url: "http://127.0.0.1:22/" },
      { from: "bookinfo/productpage-v1", url: "tcp://reviews:9080" },
    ])
      expect(await trying(wrong), JSON.stringify(wrong)).toHaveProperty("refused");
    const [seen] = await Promise.all([
      liveState(url, ({ edges }) => edges.some(({ split }) => split.length > 1)),
      versions(),
    ]);
    expect(seen.silent).toEqual([]);

    const reviews = join(folder, "bookinfo", "reviews.ts");
    const text = readFileSync(reviews, "utf8");
    writeFileSync(reviews, text.replace("split(reviews, { v1: 100 - canary, v3: canary })", "reviews.v3"));
    await says(/reviews: v3 50 % → 100 %[\s\S]*In force in all proxies/);
    expect(await versions()).toEqual(new Set(["v3"]));

    writeFileSync(reviews, text.replace("reviews.v2", "reviews.v9"));
    await says(/reviews\.ts:9:\d+[\s\S]*What was in force stays in force/);
    expect(await liveState(url, ({ broken }) => broken !== undefined)).toMatchObject({
      broken: expect.stringContaining("reviews.ts:9"),
      inForce: { says: expect.stringContaining("reviews: v3 50 % → 100 %") },
    });
    expect(await versions()).toEqual(new Set(["v3"]));

    writeFileSync(reviews, text);
    await says(/reviews: v1 0 % → 50 %[\s\S]*In force in all proxies/);
    writeFileSync(join(folder, "mesh.local.yaml"), "workloads:\n  bookinfo/nobody-v1: { command: x }\n");
    await says(/mesh\.local\.yaml:2[\s\S]*What was in force stays in force/);

    const all = below(child.pid!);
    expect(all.length).toBeGreaterThanOrEqual(13);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(await leftovers(all, temporary)).toEqual([]);
  },
);

test("a folder that is not there is said like any other mistake", async () => {
  const { ended, said } = await upped((mesh) => rmSync(mesh, { recursive: true }));
  expect(await ended).toBe(1);
  expect(said.text).toMatch(/^error MESH0001: cannot read the mesh folder/);
});

test("a mesh that does not compile does not run, and says why", async () => {
  const { ended, said } = await upped((mesh) =>
    writeFileSync(join(mesh, "mesh.local.yaml"), "workloads:\n  bookinfo/rewiews-v1: { command: x }\n"),
  );
  expect(await ended).toBe(1);
  expect(said.text).toMatch(/MESH4050[\s\S]*reviews-v1[\s\S]*mesh\.local\.yaml:2/);
});

test("a mesh that nobody enters is called in the name of its workloads", { timeout: 120_000 }, async () => {
  const { child, ended, says } = await upped((mesh) => {
    anyGatewayPort(mesh);
    rmSync(join(mesh, "edge", "bookinfo.example.com.ts"));
  });
  const [, port = ""] = await says(
    /bookinfo\/reviews-v2 calls others on port 9080 through http:\/\/127\.0\.0\.1:(\d+)/,
  );
  await says(/Ctrl-C ends all of it/);
  expect((await asked(Number(port), { path: "/ratings/1", host: "ratings" })).status).toBe(200);
  child.kill("SIGINT");
  expect(await ended).toBe(0);
});
