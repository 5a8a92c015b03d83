import { expect, test } from "vitest";
import fc from "fast-check";
import type { Authority } from "../authority.ts";
import {
  echoed,
  mutualConnection,
  mutualServer,
  ratings,
  reviews,
  temporaryFolder,
  testAuthority,
} from "../fixture.ts";
import { certificatesIn } from "../x509/pem.ts";
import { keyFolder } from "./folder.ts";

const now = { over: () => true } as const;

/** What a client has in one phase: a certificate, and the bundle of that time. */
const snapshot = async (authority: Authority, identity: string) => ({
  svid: await authority.issued(identity),
  roots: authority.roots(),
});

test("through a whole rotation, clients of neighbouring phases shake hands both ways and open connections stay", async () => {
  const authority = await testAuthority();
  const phases = [await snapshot(authority, reviews)];
  const first = await mutualServer(phases[0]!.svid, phases[0]!.roots);
  const before = await mutualConnection(first, (await snapshot(authority, ratings)).svid, authority.roots());
  for (const step of ["add", "switch", "retire"] as const) {
    expect(await authority.rotated(step, now)).toMatchObject({ kind: "stepped" });
    phases.push(await snapshot(authority, reviews));
    first.setSecureContext({
      cert: phases.at(-1)!.svid.certificateChain,
      key: phases.at(-1)!.svid.privateKey,
      ca: phases.at(-1)!.roots,
    });
    await echoed(before);
  }
  expect(phases.map(({ roots }) => certificatesIn(roots).length)).toEqual([1, 2, 2, 1]);
  for (const [at, phase] of phases.entries()) {
    const server = await mutualServer(phase.svid, phase.roots);
    for (const other of phases.slice(Math.max(0, at - 1), at + 2))
      await mutualConnection(server, other.svid, other.roots);
  }
  // Whoever slept through everything is out: otherwise nothing would have been retired.
  const last = await mutualServer(phases[3]!.svid, phases[3]!.roots);
  await expect(mutualConnection(last, phases[0]!.svid, phases[0]!.roots)).rejects.toThrow();
});

test("no step is taken before the one ahead of it and its wait, unless somebody who knows says that the wait is over", async () => {
  const authority = await testAuthority({ lifetimeMs: 60_000 });
  expect(await authority.rotated("switch", now)).toMatchObject({
    reason: expect.stringContaining("follows on `added`") as string,
  });
  expect(await authority.rotated("retire", now)).toMatchObject({ kind: "refused" });
  expect(await authority.rotated("add")).toMatchObject({ kind: "stepped", phase: "added" });
  expect(await authority.rotated("add")).toMatchObject({ kind: "refused" });
  expect(await authority.rotated("switch")).toMatchObject({ reason: expect.stringContaining("too early") as string });
  expect(await authority.rotated("switch", { over: () => Promise.resolve(false) })).toMatchObject({ kind: "refused" });
  await expect(authority.rotated("switch", { over: () => Promise.reject(new Error("nobody knows")) })).rejects.toThrow(
    "nobody knows",
  );
  expect(authority.phase()).toBe("added");
  expect(await authority.rotated("switch", { afterMs: 0 })).toMatchObject({ phase: "switched" });
  expect(await authority.rotated("retire", { over: () => false })).toMatchObject({ kind: "refused" });
  expect(await authority.rotated("retire", now)).toMatchObject({ phase: "steady" });
});

test("any sequence of steps and restarts follows the one order, and replicas agree in each phase", async () => {
  const order = { steady: "add", added: "switch", switched: "retire" } as const;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom("add", "switch", "retire"), { maxLength: 8 }), async (sequence) => {
      const store = keyFolder(await temporaryFolder());
      const [one, two] = [await testAuthority({ store }), await testAuthority({ store })];
      for (const step of sequence) {
        const wanted = order[one.phase()];
        const signer = one.signer();
        const outcome = await one.rotated(step, now);
        expect(outcome.kind).toBe(step === wanted ? "stepped" : "refused");
        expect(one.signer() !== signer).toBe(step === "switch" && outcome.kind === "stepped");
        await two.refreshed();
        const restarted = await testAuthority({ store, create: false });
        for (const other of [two, restarted])
          expect([other.phase(), other.roots(), other.signer()]).toEqual([one.phase(), one.roots(), one.signer()]);
      }
    }),
    { numRuns: 12 },
  );
});

test("of replicas that take a step at one time one does, and all end in the same phase", async () => {
  const store = keyFolder(await temporaryFolder());
  const replicas = await Promise.all(Array.from({ length: 4 }, () => testAuthority({ store })));
  const outcomes = await Promise.all(replicas.map((one) => one.rotated("add", now)));
  expect(outcomes.filter(({ kind }) => kind === "stepped").length).toBe(1);
  for (const one of replicas) await one.refreshed();
  expect(new Set(replicas.map((one) => one.roots())).size).toBe(1);
});

test("the old root's key is gone once the new one signs", async () => {
  const store = keyFolder(await temporaryFolder());
  const authority = await testAuthority({ store });
  const old = (await store.read())?.text("ca.key");
  await authority.rotated("add", now);
  await authority.rotated("switch", now);
  const held = await store.read();
  expect(held?.names.map((name) => held.text(name))).not.toContain(old);
});
