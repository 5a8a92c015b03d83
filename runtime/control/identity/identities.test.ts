import { createHash, X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { decoded } from "../../../targets/xds/proto/codec.ts";
import { mutualConnection, mutualServer, ratings, reviews, testAuthority } from "./fixture.ts";
import { identities } from "./identities.ts";
import type { Served } from "../view.ts";

interface SecretJson {
  readonly name: string;
  readonly tlsCertificate: {
    readonly certificateChain: { readonly inlineBytes: string };
    readonly privateKey: { readonly inlineBytes: string };
  };
}

const sideOf = (served: Served) => {
  const { tlsCertificate } = decoded("secret", served.bytes) as SecretJson;
  const text = (base64: string) => Buffer.from(base64, "base64").toString();
  return {
    certificateChain: text(tlsCertificate.certificateChain.inlineBytes),
    privateKey: text(tlsCertificate.privateKey.inlineBytes),
  };
};

test("a secret is what Envoy takes: it works in a handshake, and its version is the certificate's hash", async () => {
  const authority = await testAuthority();
  const held = identities({ authority });
  const [server, client] = [await held.secretFor(reviews), await held.secretFor(ratings)];
  await mutualConnection(await mutualServer(sideOf(server), authority.roots()), sideOf(client), authority.roots());
  const { raw } = new X509Certificate(sideOf(server).certificateChain);
  expect(server).toMatchObject({
    name: "default",
    origins: [],
    version: createHash("sha256").update(raw).digest("hex").slice(0, 16),
  });
  const roots = held.rootsSecret();
  expect(decoded("secret", roots.bytes)).toEqual({
    name: "ROOTCA",
    validationContext: { trustedCa: { inlineBytes: Buffer.from(authority.roots()).toString("base64") } },
  });
  held.close();
});

test("however many ask at once, one certificate is issued", async () => {
  const held = identities({ authority: await testAuthority() });
  const all = await Promise.all(Array.from({ length: 50 }, () => held.secretFor(reviews)));
  expect(new Set(all.map(({ version }) => version)).size).toBe(1);
  expect(await held.secretFor(reviews)).toBe(all[0]);
  held.close();
});

test("what is retained is renewed at half its life and listeners are told; what is not is left alone", async () => {
  const held = identities({ authority: await testAuthority(), lifetimeMs: 3000 });
  const told: string[] = [];
  held.onChange((identity) => told.push(identity));
  held.retain(reviews);
  const [one, other] = [await held.secretFor(reviews), await held.secretFor(ratings)];
  while (told.length === 0) await sleep(20);
  expect(told).toEqual([reviews]);
  expect((await held.secretFor(reviews)).version).not.toBe(one.version);
  // Past its half it is made anew for whoever asks; nobody is told, because nobody retains it.
  const version = async (): Promise<string> => (await held.secretFor(ratings)).version;
  await expect.poll(version, { timeout: 10_000 }).not.toBe(other.version);
  expect(told).not.toContain(ratings);
  held.close();
});

test("the last release drops an identity, and no timer of it is left", async () => {
  const held = identities({ authority: await testAuthority(), lifetimeMs: 2000 });
  const told: string[] = [];
  held.onChange((identity) => told.push(identity));
  held.retain(reviews);
  held.retain(reviews);
  await held.secretFor(reviews);
  held.release(reviews);
  expect(held.size()).toBe(1);
  held.release(reviews);
  held.release(reviews);
  expect(held.size()).toBe(0);
  await sleep(1500);
  expect(told).toEqual([]);
});

test("the number of identities is bounded: who is only asked for makes room, who is in use does not", async () => {
  const held = identities({ authority: await testAuthority(), limit: 2 });
  held.retain(reviews);
  for (const name of ["a", "b", "c"]) await held.secretFor(`spiffe://mesh.test/${name}`);
  expect(held.size()).toBe(2);
  held.retain(ratings);
  expect(() => held.retain("spiffe://mesh.test/d")).toThrow("2 identities are in use");
  await expect(held.secretFor("spiffe://mesh.test/d")).rejects.toThrow("limit");
  held.close();
});

test("an identity of another trust domain is refused and not kept", async () => {
  const held = identities({ authority: await testAuthority() });
  await expect(held.secretFor("spiffe://other.test/a")).rejects.toThrow("trust domain");
  expect(held.size()).toBe(0);
});

test("when another root signs every retained identity is told at once, and made anew soon", async () => {
  const authority = await testAuthority();
  const held = identities({ authority, spreadMs: 200 });
  held.retain(reviews);
  const before = await held.secretFor(reviews);
  const told: string[] = [];
  held.onChange((identity) => told.push(identity));
  const bundle = held.rootsSecret().version;
  await authority.rotated("add", { over: () => true });
  expect(told).toEqual([reviews]);
  expect(held.rootsSecret().version).not.toBe(bundle);
  expect(await held.secretFor(reviews)).toBe(before);
  await authority.rotated("switch", { over: () => true });
  while (told.length < 3) await sleep(10);
  const after = await held.secretFor(reviews);
  expect(after.version).not.toBe(before.version);
  await authority.rotated("retire", { over: () => true });
  expect(authority.verified(new X509Certificate(sideOf(after).certificateChain).raw)).toBe(reviews);
  expect(authority.verified(new X509Certificate(sideOf(before).certificateChain).raw)).toMatchObject({
    kind: "refused",
  });
  held.close();
});

test("another root that signs puts off no renewal: certificates may live shorter than their making anew is spread", async () => {
  const authority = await testAuthority();
  const held = identities({ authority, lifetimeMs: 3000, spreadMs: 3_600_000 });
  held.retain(reviews);
  const before = await held.secretFor(reviews);
  const { validTo } = new X509Certificate(sideOf(before).certificateChain);
  await authority.rotated("add", { over: () => true });
  await authority.rotated("switch", { over: () => true });
  while ((await held.secretFor(reviews)).version === before.version) await sleep(10);
  expect(Date.now()).toBeLessThan(Date.parse(validTo));
  held.close();
});

test("who asks while a retained identity waits for its renewal gets what the others have", async () => {
  const held = identities({ authority: await testAuthority(), lifetimeMs: 4000 });
  const versions = new Set<string>();
  let told = 0;
  held.onChange(() => (told += 1));
  held.retain(reviews);
  const end = Date.now() + 3500;
  while (Date.now() < end) {
    versions.add((await held.secretFor(reviews)).version);
    await sleep(5);
  }
  held.close();
  expect(versions.size).toBeGreaterThan(1);
  // A machine that stands still for a moment may see one less than there were.
  expect(versions.size).toBeLessThanOrEqual(told + 1);
});
