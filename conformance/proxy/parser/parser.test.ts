import { expect, test } from "vitest";
import { random } from "../../../golden/random/random.ts";
import { corpus } from "./corpus/index.ts";
import { forwards } from "./forwarder/forwards.ts";
import { isWithin } from "./message.ts";
import { mutated } from "./mutations.ts";
import { mutationSeeds } from "./mutation-seeds.ts";
import { nodeReading } from "./peers/node-parser.ts";

const count = Number(process.env["MESHWRIGHT_CASES"] ?? 5000);

/** What Node reads otherwise than we did: of what is forwarded, or of what came. */
const disagreement = async (bytes: Buffer): Promise<string | undefined> => {
  const ours = forwards([bytes]);
  const behind = await nodeReading([ours.bytes]);
  const direct = await nodeReading([bytes]);
  const said = (read: readonly string[]): string =>
    `${JSON.stringify(bytes.toString("latin1"))} is ${JSON.stringify(ours.messages)}, to Node ${JSON.stringify(read)}`;
  if (!isWithin(behind.messages, ours.messages)) return said(behind.messages);
  if (behind.messages.length < ours.messages.length && !behind.refused) return said(behind.messages);
  // Of what came it may read less, as an upgrade that we do not grant ends what it reads, or more, as we are strict.
  const isAlike = isWithin(direct.messages, ours.messages) || isWithin(ours.messages, direct.messages);
  return isAlike ? undefined : said(direct.messages);
};

test("every case of the corpus has a name of its own", () => {
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  expect(corpus.length).toBeGreaterThan(120);
});

test.each(corpus)("$name", async ({ bytes, messages, end }) => {
  expect(forwards([bytes])).toMatchObject({ messages, end });
  if (bytes.length < 2000)
    expect(forwards([...bytes].map((byte) => Buffer.from([byte])))).toMatchObject({ messages, end });
  expect(await disagreement(bytes)).toBeUndefined();
});

test("no mutation of the corpus is forwarded as something that Node reads otherwise", async () => {
  const choices = random(Number(process.env["MESHWRIGHT_SEED"] ?? 1));
  let forwarded = 0;
  for (let index = 0; index < count; index += 1) {
    const bytes = mutated(mutationSeeds, choices);
    const ours = forwards([bytes]);
    const cut = choices.below(bytes.length + 1);
    const { messages, end } = ours;
    expect(forwards([bytes.subarray(0, cut), bytes.subarray(cut)])).toMatchObject({ messages, end });
    if (messages.length > 0) forwarded += 1;
    if (messages.length > 0) expect(await disagreement(bytes)).toBeUndefined();
  }
  expect(forwarded).toBeGreaterThan(count / 5);
});
