import { execFile } from "node:child_process";
import { chmod, chown, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LogEntry } from "../../../log/log.ts";
import { reviews, temporaryFolder } from "../fixture.ts";
import { rate } from "./rate.ts";
import { joinTokens } from "./tokens.ts";

const grant = { workload: "shop/reviews", identity: reviews };
const by = { workload: grant.workload, address: "192.0.2.1" };
const many = { perMinute: 1e6, burst: 1e6 };

test("a token is 256 random bits, gives its identity once, and only its hash is stored", async () => {
  const folder = await temporaryFolder();
  const tokens = joinTokens({ folder });
  const token = await tokens.created({ ...grant, ttlMs: 60_000 });
  expect(token).toMatch(/^mwj1_[\w-]{43}$/);
  const [file] = await readdir(folder);
  expect(`${file}${await readFile(join(folder, file!), "utf8")}`).not.toContain(token.slice(5));
  expect(await tokens.redeemed(token, by)).toEqual({ kind: "redeemed", ...grant });
  expect(await tokens.redeemed(token, by)).toMatchObject({ kind: "refused" });
  expect(await readdir(folder)).toEqual([]);
});

test("replayed, expired, malformed, foreign and guessed tokens are refused in the same words and not sooner than the others", async () => {
  const folder = await temporaryFolder();
  const entries: LogEntry[] = [];
  const tokens = joinTokens({ folder, refusalMs: 80, attempts: many, log: (entry) => void entries.push(entry) });
  const [used, other, expired] = [
    await tokens.created({ ...grant, ttlMs: 60_000 }),
    await tokens.created({ ...grant, ttlMs: 60_000 }),
    // The last: whoever makes another sweeps it away.
    await tokens.created({ ...grant, ttlMs: 1 }),
  ];
  await tokens.redeemed(used, by);
  await sleep(5);
  const cases: readonly (readonly [string, string, string])[] = [
    [used, by.workload, "it was used already"],
    [expired, by.workload, "it expired at 20"],
    ["", by.workload, "it is unknown"],
    ["../../etc/passwd", by.workload, "it is unknown"],
    [`mwj1_${"a".repeat(43)}`, by.workload, "it is unknown"],
    [other.slice(0, -1), by.workload, "it is unknown"],
    [`${other}x`, by.workload, "it is unknown"],
    [other, "shop/ratings", "it is for shop/reviews, and another workload was named"],
    // Whoever mixes the two up has told a secret.
    [other, other, "it is for shop/reviews, and another workload was named"],
  ];
  const words = new Set<string>();
  for (const [token, workload, why] of cases) {
    const start = performance.now();
    const found = await tokens.redeemed(token, { workload, address: by.address });
    expect(performance.now() - start).toBeGreaterThanOrEqual(78);
    words.add(JSON.stringify(found));
    // Whoever runs the control plane is told which it was.
    const said = entries.at(-1);
    expect(said).toMatchObject({ event: "join token refused", address: by.address });
    expect(said?.["reason"]).toContain(why);
  }
  expect([...words]).toEqual(['{"kind":"refused","reason":"the join token is not accepted"}']);
  for (const token of [used, expired, other]) expect(JSON.stringify(entries)).not.toContain(token.slice(5));
  // Whoever names the wrong workload does not use a token up.
  expect(await tokens.redeemed(other, by)).toMatchObject({ kind: "redeemed" });
});

test("of many processes that redeem one token at one time exactly one gets the identity", async () => {
  const folder = await temporaryFolder();
  const token = await joinTokens({ folder }).created({ ...grant, ttlMs: 60_000 });
  const program = `
    const { joinTokens } = await import(${JSON.stringify(new URL("./tokens.ts", import.meta.url).href)});
    const tokens = joinTokens({ folder: ${JSON.stringify(folder)}, refusalMs: 0, attempts: { perMinute: 1e6, burst: 1e6 } });
    const found = await Promise.all(Array.from({ length: 20 }, () => tokens.redeemed(${JSON.stringify(token)}, ${JSON.stringify(by)})));
    process.stdout.write(String(found.filter(({ kind }) => kind === "redeemed").length));`;
  const run = promisify(execFile);
  const outputs = await Promise.all(
    Array.from({ length: 3 }, () => run(process.execPath, ["--input-type=module", "-e", program])),
  );
  expect(outputs.map(({ stdout }) => Number(stdout)).reduce((sum, one) => sum + one, 0)).toBe(1);
});

test("the number of tokens is bounded, and expired ones make room", async () => {
  const tokens = joinTokens({ folder: await temporaryFolder(), limit: 2 });
  await tokens.created({ ...grant, ttlMs: 60_000 });
  await tokens.created({ ...grant, ttlMs: 1 });
  await sleep(5);
  await tokens.created({ ...grant, ttlMs: 60_000 });
  await expect(tokens.created({ ...grant, ttlMs: 60_000 })).rejects.toThrow("2 join tokens are outstanding");
});

test("no token gives mesh-control's own identity, or lives for ever", async () => {
  const tokens = joinTokens({ folder: await temporaryFolder() });
  await expect(
    tokens.created({ workload: "a", identity: "spiffe://mesh.test/mesh-control", ttlMs: 1000 }),
  ).rejects.toThrow("mesh-control's own");
  for (const ttlMs of [0, -1, Number.NaN, Infinity, 8 * 86_400_000])
    await expect(tokens.created({ ...grant, ttlMs })).rejects.toThrow("seven days");
});

test("an address that guesses is soon refused even with the right token, another is not", async () => {
  const tokens = joinTokens({ folder: await temporaryFolder(), refusalMs: 0, attempts: { perMinute: 1, burst: 3 } });
  const token = await tokens.created({ ...grant, ttlMs: 60_000 });
  for (let n = 0; n < 3; n += 1) await tokens.redeemed(`guess ${n}`, by);
  expect(await tokens.redeemed(token, by)).toMatchObject({ kind: "refused" });
  expect(await tokens.redeemed(token, { ...by, address: "192.0.2.2" })).toMatchObject({ kind: "redeemed" });
});

test("machines that join behind one address do not count as guesses", async () => {
  const tokens = joinTokens({ folder: await temporaryFolder(), refusalMs: 0, attempts: { perMinute: 1, burst: 1 } });
  for (let n = 0; n < 6; n += 1)
    expect(await tokens.redeemed(await tokens.created({ ...grant, ttlMs: 60_000 }), by)).toMatchObject({
      kind: "redeemed",
    });
});

test("a token file that others could have written is no token, and is told to whoever runs this", async () => {
  const folder = await temporaryFolder();
  const entries: LogEntry[] = [];
  const tokens = joinTokens({ folder, refusalMs: 0, attempts: many, log: (entry) => entries.push(entry) });
  const token = await tokens.created({ ...grant, ttlMs: 60_000 });
  const path = join(folder, (await readdir(folder))[0]!);
  await chmod(path, 0o620);
  expect(await tokens.redeemed(token, by)).toMatchObject({ kind: "refused" });
  expect(entries).toContainEqual(
    expect.objectContaining({
      level: "error",
      event: "join token not read",
      reason: expect.stringContaining(`${path} can be written by others`) as string,
    }),
  );
  await expect(tokens.created({ ...grant, ttlMs: 60_000 })).rejects.toThrow("can be written by others");
  await chmod(path, 0o600);
  await chmod(folder, 0o777);
  expect(await tokens.redeemed(token, by)).toMatchObject({ kind: "refused" });
  await chmod(folder, 0o700);
  if (process.getuid?.() === 0) {
    await chown(path, 1000, 1000);
    expect(await tokens.redeemed(token, by)).toMatchObject({ kind: "refused" });
    await chown(path, 0, 0);
  }
  expect(await tokens.redeemed(token, by)).toMatchObject({ kind: "redeemed" });
});

test("a rate never allows more than its burst and what time adds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 600 }),
      fc.array(fc.nat(5000), { maxLength: 200 }),
      (burst, perMinute, gaps) => {
        let now = 0;
        const allowed = rate({ burst, perMinute }, () => now);
        let passed = 0;
        for (const gap of gaps) {
          now += gap;
          if (allowed("192.0.2.1")) passed += 1;
        }
        expect(passed).toBeLessThanOrEqual(burst + (now / 60_000) * perMinute + 1e-6);
        now += 60_000;
        expect(allowed("192.0.2.1")).toBe(true);
      },
    ),
  );
});
