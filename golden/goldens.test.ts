import { expect, test } from "vitest";
import { committed, made } from "./goldens.ts";

test("the examples compile to what is committed, with nothing left over", async () => {
  const [now, then] = await Promise.all([made(), committed()]);
  expect([...now.keys()].sort(), "run npm run golden").toEqual([...then.keys()].sort());
  for (const [path, text] of now) expect(text, path).toBe(then.get(path));
});
