import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { objectId } from "../../../../compiler/commit/object.ts";
import { repository } from "../../../../compiler/revision/fixture.ts";
import { sourceBounds } from "../git-source.ts";
import { SourceError } from "../source.ts";
import { packObjects } from "./objects.ts";

const breathe = async (): Promise<void> => undefined;
const opened = (pack: Buffer, bounds = sourceBounds.pack) => packObjects(pack, bounds, breathe);

const summed = (content: Buffer): Buffer => Buffer.concat([content, createHash("sha1").update(content).digest()]);

const number = (value: number): Buffer => {
  const bytes = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push((left % 128) | (left > 127 ? 128 : 0));
    if (left <= 127) return Buffer.from(bytes);
  }
};

/** An object's head (gitformat-pack): its type and a size. */
const head = (type: number, size: number): Buffer => {
  const first = (type << 4) | (size & 15);
  return size < 16 ? Buffer.from([first]) : Buffer.concat([Buffer.from([first | 128]), number(Math.floor(size / 16))]);
};

const packOf = (...entries: readonly Buffer[]): Buffer => {
  const start = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1");
  start.writeUInt32BE(entries.length, 8);
  return summed(Buffer.concat([start, ...entries]));
};

const blob = (text: string, stated = text.length): Buffer =>
  Buffer.concat([head(3, stated), deflateSync(Buffer.from(text))]);

const onto = (base: string, delta: Buffer): Buffer =>
  Buffer.concat([head(7, delta.length), Buffer.from(base, "hex"), deflateSync(delta)]);

/** The base without its first letter, and an x. */
const shorter = (base: string): Buffer =>
  Buffer.concat([number(base.length), number(base.length), Buffer.from([0x91, 1, base.length - 1, 1, 0x78])]);

describe("a pack that git makes", () => {
  const made = () => {
    const { folder, commit, git } = repository();
    const lines = Array.from({ length: 400 }, (_, n) => `line ${n} ${n * 7919}`);
    for (let nth = 0; nth < 12; nth += 1) {
      lines[nth * 30] = `changed ${nth}`;
      commit({ "a/b.txt": lines.join("\n"), [`c-${nth}.txt`]: `${nth}`, "empty.txt": "" });
    }
    git("tag", "--annotate", "v1", "--message", "v1");
    const packed = (...options: readonly string[]): Buffer =>
      execFileSync("git", ["pack-objects", "--all", "--revs", "--stdout", "--quiet", "--no-reuse-delta", ...options], {
        cwd: folder,
        input: "",
      });
    return { packed, git };
  };

  test.each([["--delta-base-offset"], ["--depth=50", "--window=50"], ["--window=0"]])("%s %s", async (...options) => {
    const { packed, git } = made();
    const objects = await opened(packed(...options.filter((each) => each !== undefined)));
    const ids = git("rev-list", "--all", "--objects", "--no-object-names").split("\n");
    expect(objects.count).toBe(ids.length);
    for (const id of ids) {
      const found = await objects.object(id);
      expect(found?.type).toBe(git("cat-file", "-t", id));
      expect(objectId(found!.type, found!.bytes)).toBe(id);
    }
    expect(await objects.object("0".repeat(40))).toBeUndefined();
  });

  test("with any byte changed is refused in words, be its checksum right or not", async () => {
    const { packed } = made();
    const pack = packed();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(pack.length - 21),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, by, isSummed) => {
          const other = Buffer.from(pack);
          other[at] = other[at]! ^ by;
          const error: unknown = await opened(isSummed ? summed(other.subarray(0, -20)) : other).catch(
            (thrown: unknown) => thrown,
          );
          // What zlib does not look at may differ, and then every object is still what its id says.
          if (!isSummed || error instanceof Error) expect(error).toBeInstanceOf(SourceError);
        },
      ),
      { numRuns: 300 },
    );
    for (const length of [0, 4, 12, 31, 32, 33, pack.length - 21, pack.length - 1])
      await expect(opened(pack.subarray(0, length))).rejects.toBeInstanceOf(SourceError);
  });
});

describe("a pack that git does not make", () => {
  test("an object may stand before the one on which it is built", async () => {
    const [base, after] = ["abcdefgh", "bcdefghx"];
    const [id, second] = [objectId("blob", Buffer.from(base)), objectId("blob", Buffer.from(after))];
    const pack = packOf(onto(second, shorter(after)), onto(id, shorter(base)), blob(base));
    const objects = await opened(pack);
    expect((await objects.object(objectId("blob", Buffer.from("cdefghxx"))))?.bytes.toString()).toBe("cdefghxx");
  });

  const known = blob("abcdefgh");
  const id = objectId("blob", Buffer.from("abcdefgh"));
  const on = (...bytes: readonly number[]): Buffer => packOf(known, onto(id, Buffer.from(bytes)));
  test.each<readonly [string, Buffer, string]>([
    ["an object larger than it states", packOf(blob("abcdefgh", 3)), "decompressed"],
    ["a bomb", packOf(Buffer.concat([head(3, 9), deflateSync(Buffer.alloc(2 ** 24))])), "decompressed"],
    ["an object smaller than it states", packOf(blob("abc", 2 ** 20)), "decompressed"],
    ["a huge object", packOf(blob("abc", 2 ** 40)), "MiB are read at most"],
    [
      "a size without end",
      packOf(Buffer.concat([Buffer.from([0xb1]), Buffer.alloc(12, 0xff), Buffer.from([1])])),
      "no size",
    ],
    ["a type that is none", packOf(Buffer.concat([head(5, 3), deflateSync(Buffer.from("abc"))])), "no known type"],
    ["a base that is not there", packOf(onto("1".repeat(40), shorter("ab"))), "not there"],
    ["a base before the first", packOf(Buffer.from([0x61, 0xff, 0xff, 0x7f])), "before the first"],
    ["a base that is itself", packOf(Buffer.from([0x61, 0x00])), "before the first"],
    ["more behind the last object", summed(Buffer.concat([packOf(known), known])), "follows its last"],
    ["fewer objects than stated", summed(packOf(known, known).subarray(0, 12 + known.length)), "ends within"],
    ["a delta for another size", on(9, 1, 1, 0x78), "another size"],
    ["a delta that makes too much", on(8, 1, 2, 0x78, 0x78), "beyond"],
    ["a delta that makes too little", on(8, 3, 1, 0x78), "less than"],
    ["a delta that copies from beyond", on(8, 8, 0x91, 7, 8), "beyond"],
    ["a delta that ends early", on(8, 8, 0x91, 7), "too early"],
    ["a delta with a step that is none", on(8, 8, 0), "does not exist"],
    ["a delta that makes a bomb", on(8, 0xff, 0xff, 0xff, 0xff, 0x7f), "larger than allowed"],
    ["a delta without a size", on(8, ...Array.from({ length: 12 }, () => 0xff)), "no size"],
  ])("%s is refused", async (_, pack, words) => {
    const error: unknown = await opened(pack).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ reason: "invalid", message: expect.stringContaining(words) });
  });
});
