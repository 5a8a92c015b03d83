import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { joinServer, joinTokens } from "../../runtime/control/identity/index.ts";
import type { TokenReviews } from "../../runtime/control/identity/kubernetes/token-review.ts";
import { reviews, temporaryFolder, testAuthority } from "../../runtime/control/identity/fixture.ts";

const program = join(import.meta.dirname, "../mesh-control.ts");

const serving = async (lifetimeMs: number, ofPods?: TokenReviews) => {
  const authority = await testAuthority();
  const tokens = joinTokens({ folder: await temporaryFolder(), refusalMs: 0 });
  const listening = async (port: number) => {
    const names = ["127.0.0.1"];
    const host = "127.0.0.1";
    const opened = await joinServer({
      authority,
      tokens,
      names,
      host,
      port,
      lifetimeMs,
      ...(ofPods && { reviews: ofPods }),
    });
    onTestFinished(opened.close);
    return opened;
  };
  const server = await listening(0);
  const folder = await temporaryFolder();
  await writeFile(join(folder, "roots.crt"), authority.roots());
  const token = () => tokens.created({ workload: "vm/reviews", identity: reviews, ttlMs: 60_000 });
  const where = ["--roots", join(folder, "roots.crt"), "--out", join(folder, "identity")];
  return { server, listening, folder, token, args: [...where, "--server", `https://127.0.0.1:${server.port}`] };
};

const started = (workload: string, args: readonly string[]) => {
  const child = spawn(process.execPath, [program, "join", workload, ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended, out: () => out };
};
const ran = (...args: Parameters<typeof started>) => started(...args).ended;

test("who keeps an identity is started again without a token, and ends when told", { timeout: 60_000 }, async () => {
  const { token, args } = await serving(60_000);
  expect(await ran("vm/reviews", args)).toMatchObject({
    code: 1,
    err: expect.stringContaining("say who you are") as string,
  });
  const given = ["--token", await token()];
  for (const extra of [given, [], given]) {
    const keeping = started("vm/reviews", [...args, "--keep", ...extra]);
    while (!keeping.out().includes(reviews)) await sleep(20);
    // It stays by itself: nothing but its own timers runs now.
    await sleep(300);
    expect(keeping.child.exitCode).toBe(null);
    keeping.child.kill("SIGTERM");
    expect(await keeping.ended).toMatchObject({ code: 0, err: "" });
  }
  expect((await ran("vm/other", args)).err).toContain("is vm/reviews's, not vm/other's");
});

test("an argument that is wrong is named in one line, with what was expected", { timeout: 120_000 }, async () => {
  const folder = await temporaryFolder();
  const [roots, words, empty] = [join(folder, "roots.crt"), join(folder, "words"), join(folder, "empty")];
  await writeFile(roots, (await testAuthority()).roots());
  await writeFile(words, "-----BEGIN CERTIFICATE-----\nno roots\n-----END CERTIFICATE-----\n");
  await writeFile(empty, "\n");
  const missing = join(folder, "missing");
  const right = { "--roots": roots, "--out": join(folder, "out"), "--token": "x", "--server": "https://127.0.0.1:1" };
  const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ "--roots": words }, `--roots ${words}: it holds no root certificate in PEM`],
    [{ "--out": words }, `--out ${words}: it is no folder`],
    [{ "--token-file": empty }, `--token-file ${empty}: it is empty`],
    [{ "--kubernetes-token": missing }, `--kubernetes-token ${missing}: no such folder or file`],
    [{ "--server": "127.0.0.1:15013" }, "argument '127.0.0.1:15013' is invalid. write https://ADDRESS:PORT"],
  ];
  for (const [wrong, said] of cases) {
    const found = await ran("vm/reviews", Object.entries({ ...right, ...wrong }).flat());
    expect(found).toMatchObject({ code: 1, out: "" });
    expect(found.err).toContain(said);
    expect(found.err.trimEnd().split("\n").length, found.err).toBe(1);
  }
});

test("who comes back with an expired identity is told to join again", { timeout: 60_000 }, async () => {
  const { token, args } = await serving(1000);
  expect(await ran("vm/reviews", [...args, "--token", await token()])).toMatchObject({ code: 0 });
  await sleep(1000);
  const late = await ran("vm/reviews", [...args, "--keep"]);
  expect(late).toMatchObject({ code: 1, out: "" });
  expect(late.err).toMatch(/expired at .*: to join again, say --token/);
  expect(await ran("vm/reviews", [...args, "--token", await token()])).toMatchObject({ code: 0 });
});

test("a pod whose identity expired joins again with the token of that time", { timeout: 60_000 }, async () => {
  let accepted = "of.the.start";
  const { server, listening, folder, args } = await serving(2000, {
    reviewed: (token) =>
      Promise.resolve(
        token === accepted ? { kind: "reviewed", identity: reviews } : { kind: "refused", reason: "an old token" },
      ),
  });
  const file = join(folder, "token");
  await writeFile(file, accepted);
  const keeping = started("vm/reviews", [...args, "--keep", "--kubernetes-token", file]);
  while (!keeping.out().includes(reviews)) await sleep(20);
  await server.close();
  accepted = "of.the.morning";
  await writeFile(file, accepted);
  while (!keeping.out().includes('"identity expired"')) await sleep(20);
  await listening(server.port);
  while (!keeping.out().includes('"joined again"')) await sleep(20);
  keeping.child.kill("SIGTERM");
  expect(await keeping.ended).toMatchObject({ code: 0, err: "" });
});
