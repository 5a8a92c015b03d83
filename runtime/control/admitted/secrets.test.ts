import { expect, onTestFinished, test } from "vitest";
import { ratings, reviews, testAuthority } from "../identity/fixture.ts";
import { identities } from "../identity/index.ts";
import { secrets } from "./secrets.ts";

test("an identity beyond the limit is not served, as nothing would renew it, until there is room", async () => {
  const authority = await testAuthority();
  const held = identities({ authority, limit: 1 });
  onTestFinished(held.close);
  const of = secrets(
    held,
    [],
    () => undefined,
    () => undefined,
  );
  await of.prepared(reviews);
  // The second time as the first: it is not taken for known because somebody asked before.
  for (let time = 0; time < 2; time += 1) await expect(of.prepared(ratings)).rejects.toThrow("limit");
  expect(of.of(ratings).size).toBe(0);
  of.used(new Set([ratings]));
  await of.prepared(ratings);
  expect(of.of(ratings).has("default")).toBe(true);
  // It holds its place: what nobody retains would make room, and is not renewed.
  await expect(held.secretFor(reviews)).rejects.toThrow("limit");
});
