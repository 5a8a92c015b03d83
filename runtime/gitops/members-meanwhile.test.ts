import { expect, test } from "vitest";
import type { Members } from "./inventory/index.ts";
import { membersMeanwhile } from "./members-meanwhile.ts";

const fetched = { commit: "a", tree: "b", folder: "/a" };
const { signal } = new AbortController();

/** An inventory whose answers come when the test says so, and the signals by which it was asked. */
const asked = () => {
  const looks: { readonly signal: AbortSignal | undefined; readonly answer: PromiseWithResolvers<Members> }[] = [];
  const members = (within?: AbortSignal): Promise<Members> => {
    const answer = Promise.withResolvers<Members>();
    looks.push({ signal: within, answer });
    return answer.promise;
  };
  const seen = (rollout: string): Members => ({ ours: [], foreign: [], rollout });
  return { looks, members, seen };
};

test("a cluster is looked at before the commit is there, once", async () => {
  const { looks, members, seen } = asked();
  const fetching = Promise.withResolvers<typeof fetched>();
  const found = membersMeanwhile(fetching.promise, { members }, signal);
  looks[0]!.answer.resolve(seen("early"));
  fetching.resolve(fetched);
  expect(await found).toMatchObject({ rollout: "early" });
  expect(looks).toHaveLength(1);
});

test("a commit that does not come is told, whatever the cluster says or does not say, and nobody asks that any more", async () => {
  for (const says of [() => undefined, (look: PromiseWithResolvers<Members>) => look.reject(new Error("no cluster"))]) {
    const { looks, members } = asked();
    const found = membersMeanwhile(Promise.reject(new Error("no commit")), { members }, signal);
    says(looks[0]!.answer);
    await expect(found).rejects.toThrow("no commit");
    expect(looks.map((look) => look.signal?.aborted)).toEqual([true]);
  }
});

test("a cluster that refuses is told once the commit is there", async () => {
  const { looks, members } = asked();
  const found = membersMeanwhile(Promise.resolve(fetched), { members }, signal);
  looks[0]!.answer.reject(new Error("no cluster"));
  await expect(found).rejects.toThrow("no cluster");
});

test("what was seen too long ago is looked at again, and the first look is over", async () => {
  const { looks, members, seen } = asked();
  const found = membersMeanwhile(Promise.resolve(fetched), { members }, signal, 0);
  await expect.poll(() => looks.length).toBe(2);
  expect(looks[0]!.signal?.aborted).toBe(true);
  looks[1]!.answer.resolve(seen("late"));
  expect(await found).toMatchObject({ rollout: "late" });
});
