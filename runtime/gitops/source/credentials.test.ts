import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporary } from "../../../compiler/revision/fixture.ts";
import { authority } from "../../../conformance/rig/certificates.ts";
import type { LogEntry } from "../../log/log.ts";
import { answering, config, failure, never, served, sourceOf } from "./fixture.ts";
import { tokenFile } from "./http/credentials.ts";

const basic = (username: string, token: string): string =>
  `Basic ${Buffer.from(`${username}:${token}`).toString("base64")}`;

test("a token is read anew for each fetch, sent at once, and stands in no error, log or file", async () => {
  let wanted = basic("x-access-token", "first-s3cret");
  const { commit, source, server } = await served({ authorization: () => wanted });
  const id = commit({ "mesh.config.ts": config });
  const [folder, file] = [temporary(), join(temporary(), "token")];
  const told: LogEntry[] = [];
  const one = source({ token: tokenFile(file), folder, log: (entry) => void told.push(entry) });

  expect(await failure(one)).toMatchObject({
    reason: "denied",
    message: expect.stringContaining("no such folder or file"),
  });
  writeFileSync(file, "first-s3cret\n");
  expect((await one.fetched(never)).commit).toBe(id);
  expect(server.requests.every(({ authorization }) => authorization === wanted)).toBe(true);
  wanted = basic("x-access-token", "second-s3cret");
  const refused = await failure(one);
  expect(refused).toMatchObject({ reason: "denied", message: expect.stringContaining("missing or wrong") });
  writeFileSync(file, "second-s3cret");
  const next = commit({ "a.ts": "export default 1;\n" });
  expect((await one.fetched(never)).commit).toBe(next);

  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(files.length).toBeGreaterThan(2);
  expect(told.map(({ event }) => event)).toEqual(["commit fetched", "commit fetched"]);
  const shown = JSON.stringify([refused.message, refused.stack, refused, told, files]);
  for (const secret of ["s3cret", basic("x-access-token", "second-s3cret").slice(6, 30)])
    expect(shown).not.toContain(secret);
});

test("another user's name may stand before the token", async () => {
  const { commit, source } = await served({ authorization: () => basic("oauth2", "s3cret") });
  commit({ "mesh.config.ts": config });
  const token = async () => "s3cret";
  expect((await source({ token, username: "oauth2" }).fetched(never)).commit).toHaveLength(40);
  expect((await failure(source({ token }))).reason).toBe("denied");
  expect((await failure(source())).reason).toBe("denied");
});

test.each(["two words", "line\nbreak: x", "s3cret\u00e9", "a".repeat(20_000)])("%j is no token", async (token) => {
  const found = await failure(sourceOf("http://127.0.0.1:9/x.git", { token: async () => token }));
  expect(found.reason).toBe("denied");
  expect(found.message).not.toContain(token);
});

test("a file without a token, and one that may not be read", async () => {
  const file = join(temporary(), "token");
  writeFileSync(file, "\n");
  const source = sourceOf("http://127.0.0.1:9/x.git", { token: tokenFile(file) });
  expect((await failure(source)).message).toContain("there is no token in");
  rmSync(file);
  expect((await failure(source)).reason).toBe("denied");
});

describe("redirects", () => {
  test("to another server lead the talk there, without the credentials", async () => {
    const { commit, server, url } = await served({ authorization: () => basic("x-access-token", "s3cret") });
    const id = commit({ "mesh.config.ts": config });
    const requests: string[] = [];
    const front = await answering((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      response.writeHead(301, { location: `${url}/info/refs?service=git-upload-pack` }).end();
    });
    const found = await failure(sourceOf(`${front}/old.git`, { token: async () => "s3cret" }));
    // Another port is another server.
    expect(found).toMatchObject({
      reason: "denied",
      message: expect.stringContaining(`credentials go to ${front} alone`),
    });
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
    expect(requests).toHaveLength(1);
    expect(id).toHaveLength(40);
  });

  test("to another server that asks for none are followed", async () => {
    const { commit, server, url } = await served();
    const id = commit({ "mesh.config.ts": config });
    const front = await answering((_, response) =>
      response.writeHead(308, { location: `${url}/info/refs?service=git-upload-pack` }).end(),
    );
    const source = sourceOf(`${front}/old.git`, { token: async () => "s3cret" });
    expect((await source.fetched(never)).commit).toBe(id);
    expect((await source.fetched(never)).commit).toBe(id);
    expect(server.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  });

  test("on the same server send the credentials along", async () => {
    const seen: (string | undefined)[] = [];
    const front = await answering((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url!.startsWith("/new")) response.writeHead(404).end();
      else response.writeHead(302, { location: "/new.git/info/refs?service=git-upload-pack" }).end();
    });
    expect((await failure(sourceOf(`${front}/old.git`, { token: async () => "s3cret" }))).message).toContain(
      "/new.git answers 404",
    );
    expect(seen).toEqual([basic("x-access-token", "s3cret"), basic("x-access-token", "s3cret")]);
  });

  test.each([
    ["/info/refs?service=git-upload-pack", "invalid"],
    ["/login?return_to=x", "denied"],
    ["http://s3cret:word@127.0.0.1:9/info/refs?service=git-upload-pack", "invalid"],
    ["file:///etc/info/refs?service=git-upload-pack", "invalid"],
    ["http://[", "invalid"],
    ["", "invalid"],
  ])("without end, or to what is no repository (%j), are not", async (location, reason) => {
    const front = await answering((_, response) => response.writeHead(302, { location }).end());
    const found = await failure(sourceOf(`${front}/x.git`));
    expect(found.reason).toBe(reason);
    expect(found.message).not.toContain("s3cret");
  });
});

test("an authority that is not known is refused, and known by a file that is read anew", async () => {
  const folder = temporary();
  const { certificate, issued, certificateFile } = await authority(folder, "rig");
  const { certificate: cert, key } = await issued("server", ["IP:127.0.0.1"]);
  const { commit, source } = await served({ tls: { cert, key } });
  const id = commit({ "mesh.config.ts": config });
  expect(await failure(source())).toMatchObject({
    reason: "unreachable",
    message: expect.stringContaining("of an authority that is not known here"),
  });
  const caFile = join(folder, "ca.pem");
  const one = source({ caFile });
  expect(await failure(one)).toMatchObject({
    reason: "invalid",
    message: expect.stringContaining("no such folder or file"),
  });
  writeFileSync(caFile, "nothing");
  expect((await failure(one)).message).toContain("no certificate in it");
  writeFileSync(caFile, (await authority(folder, "other")).certificate);
  expect((await failure(one)).reason).toBe("unreachable");
  writeFileSync(caFile, certificate);
  expect((await one.fetched(never)).commit).toBe(id);
  expect((await source({ caFile: certificateFile }).fetched(never)).commit).toBe(id);
  const other = await issued("elsewhere", ["DNS:elsewhere.example"]);
  const elsewhere = await served({ tls: { cert: other.certificate, key: other.key } });
  expect((await failure(elsewhere.source({ caFile }))).message).toContain("its certificate is for another name");
});

test("credentials without TLS are told of, but on the machine itself", () => {
  const told: unknown[] = [];
  for (const url of [
    "http://git.example/x.git",
    "https://git.example/x.git",
    "http://127.0.0.1/x.git",
    "http://[::1]/x.git",
  ])
    sourceOf(url, { token: async () => "x", log: ({ event, repository }) => void told.push([event, repository]) });
  expect(told).toEqual([["credentials are sent without TLS", "http://git.example/x.git"]]);
});
