import { inspect } from "node:util";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { reviews, temporaryFolder, testAuthority } from "./fixture.ts";
import { identities } from "./identities.ts";
import { joined, renewed } from "./join/client.ts";
import { heldIdentity } from "./join/files.ts";
import { joinServer } from "./join/server.ts";
import { joinTokens } from "./join/tokens.ts";
import { keyFolder } from "./keys/folder.ts";
import { ringFrom } from "./keys/ring.ts";
import type { LogEntry } from "../../log/log.ts";
import { tokenReviews } from "./kubernetes/token-review.ts";
import { newRequest } from "./x509/request.ts";

/** Every way in which an object becomes text without somebody asking for its key. */
const texts = (value: unknown): string =>
  [
    JSON.stringify(value),
    inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity }),
    JSON.stringify({ ...(value as object) }),
    String(value),
  ].join("\n");

test("no log, error or text form of anything shows a key or a token", async () => {
  const entries: LogEntry[] = [];
  const log = (entry: LogEntry) => void entries.push(entry);
  const folder = join(await temporaryFolder(), "keys");
  const store = keyFolder(folder, log);
  const authority = await testAuthority({ store, log });
  const tokens = joinTokens({ folder: await temporaryFolder(), refusalMs: 0, log });
  const reviewsOf = tokenReviews({ api: () => Promise.reject(new Error("away")), trustDomain: "mesh.test", log });
  const server = await joinServer({
    authority,
    tokens,
    reviews: reviewsOf,
    names: ["127.0.0.1"],
    host: "127.0.0.1",
    log,
  });
  onTestFinished(server.close);
  const held = identities({ authority, log });
  held.retain(reviews);
  const machine = await temporaryFolder();
  const given = {
    server: `https://127.0.0.1:${server.port}`,
    roots: authority.roots(),
    workload: "vm/a",
    folder: machine,
  };

  const secrets: string[] = [];
  const shown: unknown[] = [];
  // Of PKCS#8 for P-256 the first two lines hold the private part; the third repeats the public one, which certificates show too.
  const keyOf = (pem: string) =>
    void secrets.push(
      ...pem
        .split("\n")
        .filter((line) => line.length > 20 && !line.startsWith("---"))
        .slice(0, 2),
    );
  const svid = await authority.issued(reviews);
  const request = await newRequest();
  keyOf(svid.privateKey);
  keyOf(request.privateKey);
  const secret = await held.secretFor(reviews);
  // A dump of bytes would show numbers: the key's own, from the private part.
  const bytes = Buffer.from(secret.bytes);
  const at = bytes.indexOf("-----BEGIN PRIVATE KEY-----") + 95;
  const numbers = [...bytes.subarray(at, at + 12)];
  secrets.push(
    numbers.join(","),
    numbers.join(", "),
    numbers.map((byte, index) => `"${at + index}":${byte}`).join(","),
    bytes.subarray(at, at + 24).toString(),
  );
  shown.push(
    svid,
    request,
    secret,
    held,
    authority,
    store,
    await store.read(),
    await ringFrom(await store.read()),
    tokens,
    server,
  );

  const token = await tokens.created({ workload: "vm/a", identity: reviews, ttlMs: 60_000 });
  const kubernetesToken = "eyJhbGciOiJub25l.eyJzZWNyZXQiOiJoZXJl.c2lnbmF0dXJlLWhlcmU";
  secrets.push(token.slice(5), "c2lnbmF0dXJl");
  shown.push(
    await joined({ ...given, kubernetesToken }),
    await joined({ ...given, token: `${token}x` }),
    await joined({ ...given, token }),
  );
  shown.push(await joined({ ...given, token }), await renewed(given));
  const machineIdentity = await heldIdentity(machine);
  keyOf(machineIdentity.privateKey());
  shown.push(machineIdentity);
  for (const step of ["add", "switch", "retire"] as const) {
    shown.push(await authority.rotated(step), await authority.rotated(step, { over: () => true }));
    keyOf((await store.read())?.text("ca.key") ?? "");
    keyOf((await store.read())?.text("next.key") ?? "");
  }
  shown.push(await authority.issued("spiffe://other.test/a").catch((error: unknown) => error));
  expect((await readFile(join(machine, "identity.key"), "utf8")).includes(secrets[0] ?? "")).toBe(false);

  const everything = [...entries, ...shown]
    .map(texts)
    .join("\n")
    .replaceAll(/ +|\n +/g, " ");
  expect(entries.length).toBeGreaterThan(8);
  expect(secrets.length).toBeGreaterThan(12);
  expect(everything.includes("PRIVATE KEY")).toBe(false);
  const leaked = secrets.filter(
    (one) => everything.includes(one) || everything.includes(Buffer.from(one).toString("base64").slice(0, 24)),
  );
  expect(leaked.length).toBe(0);
});
