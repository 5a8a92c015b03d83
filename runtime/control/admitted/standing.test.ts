import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { ratings, reviews, testAuthority } from "../identity/fixture.ts";
import type { Authority } from "../identity/index.ts";
import { standings } from "./standing.ts";

const peer = async (authority: Authority, identity = reviews) => {
  const { certificateChain, expiresAt } = await authority.issued(identity);
  return { peer: { certificate: new X509Certificate(certificateChain).raw, address: "127.0.0.1:1" }, expiresAt };
};
const client = { name: "n", key: "k" };

test("a stream outlives its certificate by a minute, and no longer", async () => {
  const authority = await testAuthority();
  const { peer: one, expiresAt } = await peer(authority);
  let now = Date.now();
  const of = standings(
    authority,
    () => true,
    () => now,
  );
  expect(of.verdict(client, one)).toBeUndefined();
  now = expiresAt + 59_000;
  expect(of.verdict(client, one)).toBeUndefined();
  now = expiresAt + 61_000;
  expect(of.verdict(client, one)).toMatchObject({ as: "unauthenticated" });
});

test("a stream ends whose certificate no root of today signed, as many in a sweep as nobody notices", async () => {
  const authority = await testAuthority();
  const another = await testAuthority();
  let today: Pick<Authority, "verified" | "roots"> = authority;
  const of = standings({ verified: (der) => today.verified(der), roots: () => today.roots() }, () => true);
  const { peer: one } = await peer(authority);
  expect(of.verdict(client, one)).toBeUndefined();
  today = another;
  of.swept();
  expect(of.verdict(client, one)).toMatchObject({ as: "unauthenticated" });
  let dismissed = 1;
  while (of.verdict(client, one) !== undefined) dismissed += 1;
  expect(dismissed).toBe(200);
  of.swept();
  expect(of.verdict(client, one)).toBeDefined();
});

test("a stream ends whose client is not entitled any more, by what its certificate says", async () => {
  const authority = await testAuthority();
  const of = standings(authority, (_, identity) => identity === ratings);
  expect(of.verdict(client, (await peer(authority, ratings)).peer)).toBeUndefined();
  expect(of.verdict(client, (await peer(authority, reviews)).peer)).toMatchObject({ as: "denied" });
});
