import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { temporary } from "../../../compiler/revision/fixture.ts";
import { gitServer } from "../../../conformance/rig/git-server.ts";
import { answering, config, failure, never, saying, served, sourceOf, spoiling, type Spoilt } from "./fixture.ts";
import { sourceBounds } from "./git-source.ts";
import { flush, packet } from "./wire/packets.ts";

const nothing = "http://127.0.0.1:9/policies.git";

describe("a server that is no use", () => {
  test("nobody listens, or no such host", async () => {
    expect(await failure(sourceOf(nothing))).toMatchObject({
      reason: "unreachable",
      message: expect.stringContaining("the connection was refused"),
    });
    expect((await failure(sourceOf("http://nowhere.invalid/x.git"))).reason).toBe("unreachable");
  });

  test("it never answers: by silence, by the whole time, by the caller's word", async () => {
    const url = await saying(undefined);
    expect(await failure(sourceOf(url, { silenceMs: 50 }))).toMatchObject({
      reason: "timeout",
      message: expect.stringContaining("has said nothing for 0.05 seconds"),
    });
    expect(await failure(sourceOf(url, { timeoutMs: 50 }))).toMatchObject({
      reason: "timeout",
      message: expect.stringContaining("took longer than 0.05 seconds"),
    });
    const caller = new AbortController();
    setTimeout(() => caller.abort(), 20);
    expect((await failure(sourceOf(url).fetched(caller.signal))).reason).toBe("aborted");
    expect((await failure(sourceOf(url).fetched(caller.signal))).reason).toBe("aborted");
  });

  test.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "invalid"],
    ["nothing at all", "", "unreachable"],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-", "unreachable"],
    [
      "half a body",
      "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 99\r\n\r\n001e",
      "unreachable",
    ],
    ["heads without end", `HTTP/1.1 200 OK\r\n${"X-A: ".padEnd(70_000, "a")}\r\n\r\n`, "invalid"],
  ])("it says %s", async (_, bytes, reason) => {
    expect((await failure(sourceOf(await saying(bytes)))).reason).toBe(reason);
  });

  test.each([
    [401, {}, "denied", undefined],
    [203, { "content-type": "text/html" }, "denied", undefined],
    [403, {}, "denied", undefined],
    [407, {}, "denied", undefined],
    [403, { "retry-after": "60" }, "rate-limited", 60_000],
    [
      403,
      { date: "Sat, 21 Nov 2026 10:00:00 GMT", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795255230" },
      "rate-limited",
      30_000,
    ],
    [404, {}, "gone", undefined],
    [410, {}, "gone", undefined],
    [429, {}, "rate-limited", undefined],
    [429, { "retry-after": "7" }, "rate-limited", 7_000],
    [
      429,
      { date: "Sat, 21 Nov 2026 10:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 10:02:00 GMT" },
      "rate-limited",
      120_000,
    ],
    [429, { "retry-after": "soon" }, "rate-limited", undefined],
    [429, { date: "Sat, 21 Nov 2026 10:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 09:00:00 GMT" }, "rate-limited", 0],
    [500, {}, "unreachable", undefined],
    [502, { "content-type": "text/html" }, "unreachable", undefined],
    [503, { "retry-after": "5" }, "rate-limited", 5_000],
    [503, {}, "unreachable", undefined],
    [418, {}, "invalid", undefined],
    [204, {}, "invalid", undefined],
  ] as const)("it answers %i %j", async (status, headers, reason, retryAfterMs) => {
    const url = await answering((_, response) => response.writeHead(status, headers).end("<html>secret</html>"));
    const found = await failure(sourceOf(`${url}/x.git`));
    expect(found).toMatchObject({ reason, retryAfterMs });
    expect(found.message).toContain(`${url}/x.git answers ${status}`);
    expect(found.message).not.toContain("html");
  });

  test.each([
    ["a page", "text/html", "<html>Welcome</html>"],
    ["a dumb repository", "text/plain", "0".repeat(40)],
    ["nothing", "application/x-git-upload-pack-advertisement", ""],
    ["no packets", "application/x-git-upload-pack-advertisement", "<html>Welcome</html>"],
    ["empty packets", "application/x-git-upload-pack-advertisement", "0000".repeat(9)],
    [
      "other ids",
      "application/x-git-upload-pack-advertisement",
      `${packet("version 2\n")}${packet("object-format=sha256\n")}${flush}`,
    ],
    [
      "refs without end",
      "application/x-git-upload-pack-advertisement",
      packet(`${"0".repeat(40)} refs/tags/x\n`).repeat(600_000),
    ],
  ])("it answers 200 and %s", async (_, type, body) => {
    const url = await answering((__, response) => response.writeHead(200, { "content-type": type }).end(body));
    expect((await failure(sourceOf(url))).reason).toBe("invalid");
  });

  test.each([
    ["ERR access denied or repository not exported: /x", "gone"],
    ["ERR Permission denied", "denied"],
    ["ERR the disk is\n\u001b[31mfull", "invalid"],
  ])("it says %j", async (words, reason) => {
    const url = await answering((_, response) =>
      response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" }).end(packet(words)),
    );
    const found = await failure(sourceOf(url));
    expect(found.reason).toBe(reason);
    expect(found.message).toMatch(/^[\x20-\x7e]+$/);
  });

  test("it answers in an encoding that was not asked for", async () => {
    const url = await answering((_, response) =>
      response
        .writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement", "content-encoding": "gzip" })
        .end("x"),
    );
    expect((await failure(sourceOf(url))).message).toContain("encoding");
  });
});

describe.each([{ isOld: false }, { isOld: true }])(
  "a pack that does not come as it should; old protocol: $isOld",
  ({ isOld }) => {
    const spoilt = async (spoil: Spoilt, options = {}) => {
      const { server, commit } = await served({ isOld });
      commit({ "mesh.config.ts": config, "a.txt": Array.from({ length: 9999 }, (_, n) => n * 7919).join() });
      const state = join(temporary(), "state");
      const source = sourceOf(`${await spoiling(server.url, spoil)}/policies.git`, { folder: state, ...options });
      const error = await failure(source);
      expect(readdirSync(join(state, "commits")), "nothing is left").toEqual([]);
      return error;
    };
    const begun = (response: ServerResponse, body: Buffer): void =>
      void response.write(body.subarray(0, body.length >> 1));

    test("it stalls in the middle", async () => {
      expect((await spoilt(begun, { silenceMs: 200 })).reason).toBe("timeout");
      expect((await spoilt(begun, { timeoutMs: 2_000 })).reason).toBe("timeout");
    });

    test("it breaks off, or ends in the middle as if that were all", async () => {
      expect(
        (
          await spoilt((response, body) => {
            begun(response, body);
            setTimeout(() => response.destroy(), 20);
          })
        ).reason,
      ).toBe("unreachable");
      expect((await spoilt((response, body) => void response.end(body.subarray(0, body.length >> 1)))).reason).toBe(
        "unreachable",
      );
      expect((await spoilt((response, body) => void response.end(body.subarray(0, body.length - 4)))).reason).toBe(
        "unreachable",
      );
      expect((await spoilt((response) => void response.end())).reason).toBe("unreachable");
    });

    test.each([0.2, 0.5, 0.9, 0.999])("a byte of it is another (at %d of it)", async (share) => {
      const error = await spoilt((response, body) => {
        const other = Buffer.from(body);
        const at = Math.floor((body.length - 5) * share);
        other[at] = other[at]! ^ 0x55;
        response.end(other);
      });
      expect(["invalid", "unreachable"]).toContain(error.reason);
    });

    test("it never ends", async () => {
      const error = await spoilt(
        (response, body) => {
          response.write(body.subarray(0, body.length - 4));
          const more = packet(`\u0001${"x".repeat(60_000)}`);
          const pour = (): void => {
            while (!response.destroyed && response.write(more));
            if (!response.destroyed) response.once("drain", pour);
          };
          pour();
        },
        { bounds: { ...sourceBounds, packBytes: 2 ** 22 } },
      );
      expect(error).toMatchObject({ reason: "invalid", message: expect.stringContaining("larger than allowed") });
    });

    test("the server says why it sends no more, and repeats the token", async () => {
      const error = await spoilt(
        (response, body) =>
          void response.end(
            Buffer.concat([
              body.subarray(0, body.length - 4),
              Buffer.from(packet("\u0003fatal: s3cret-token is out of memory\n")),
            ]),
          ),
        { token: async () => "s3cret-token" },
      );
      expect(error.message).toContain("refuses: fatal: *** is out of memory");
    });

    test("it is an answer of another kind", async () => {
      const page: Spoilt = (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
      expect(await spoilt(page)).toMatchObject({ reason: "invalid", message: expect.stringContaining("text/html") });
      const limited: Spoilt = (response) => void response.writeHead(429, { "retry-after": "9" }).end();
      expect(await spoilt(limited)).toMatchObject({ reason: "rate-limited", retryAfterMs: 9_000 });
      const short: Spoilt = (response) =>
        void response.end(packet("NAK\n") + packet("packfile\n") + packet("\u0001PACK") + flush);
      expect((await spoilt(short)).reason).toBe("invalid");
    });
  },
);

describe("bounds", () => {
  test.each([
    ["objects", { pack: { ...sourceBounds.pack, objects: 2 } }, "objects; 2 are read at most"],
    ["the size of an object", { pack: { ...sourceBounds.pack, objectBytes: 1024 } }, "1 KiB are read at most"],
    ["the size of all objects", { pack: { ...sourceBounds.pack, bytes: 1024 } }, "larger than 1 KiB together"],
    ["the mesh's files", { mesh: { files: 1, bytes: 2 ** 20 } }, "more than 1 files"],
    ["the mesh's size", { mesh: { files: 10, bytes: 2 ** 12 } }, "MiB of files"],
    ["the pack", { packBytes: 10 }, "larger than allowed"],
  ])("%s", async (_, more, words) => {
    const { commit, source } = await served();
    commit({ "mesh.config.ts": config, "zeros.bin": Buffer.alloc(2 ** 20) });
    expect(await failure(source({ bounds: { ...sourceBounds, ...more } }))).toMatchObject({
      reason: "invalid",
      message: expect.stringContaining(words),
    });
    expect((await source().fetched(never)).commit).toHaveLength(40);
  });
});

test("a server that was replaced by one of the old protocol, or that comes back after a fault, is asked again", async () => {
  const { commit, server, folder } = await served();
  const id = commit({ "mesh.config.ts": config });
  const old = await gitServer({ folder: join(folder, ".."), isOld: true });
  let upstream = server.url;
  let isDown = false;
  const front = await answering((request, response) => {
    if (isDown) return void response.writeHead(500).end();
    // The same answer as if the name led elsewhere.
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void fetch(`${upstream}${request.url}`, {
        method: request.method!,
        headers: Object.fromEntries(
          ["git-protocol", "content-type"].flatMap((name) =>
            typeof request.headers[name] === "string" ? [[name, request.headers[name]]] : [],
          ),
        ),
        ...(request.method === "POST" && { body: Buffer.concat(chunks) }),
      }).then(async (answer) => {
        response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
        response.end(Buffer.from(await answer.arrayBuffer()));
      });
    });
  });
  const source = sourceOf(`${front}/policies.git`);
  const first = await source.fetched(never);
  isDown = true;
  expect((await failure(source)).reason).toBe("unreachable");
  isDown = false;
  expect(await source.fetched(never)).toEqual(first);
  upstream = old.url;
  expect(await source.fetched(never)).toEqual({ ...first, commit: id });
  await old.close();
});
