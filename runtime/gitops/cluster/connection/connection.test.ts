import { mkdtempSync, rmSync } from "node:fs";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { authority } from "../../../../conformance/rig/certificates.ts";
import { connection } from "./connection.ts";

test("an API server that offers HTTP/2 is asked by HTTP/1.1, once and in a stream", async () => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-connection-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { certificate: ca, issued } = await authority(folder, "rig");
  const { certificate: cert, key } = await issued("server", ["IP:127.0.0.1"]);
  const versions: string[] = [];
  const server = createSecureServer({ cert, key, allowHTTP1: true }, ({ httpVersion }, response) => {
    versions.push(httpVersion);
    response.end("{}");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const asked = connection({
    server: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    namespace: undefined,
    credentials: async () => ({ headers: {}, tls: { ca } }),
  });
  onTestFinished(async () => {
    await asked.close();
    server.close();
  });
  expect(await asked.answered({ method: "GET", path: "/" })).toMatchObject({ status: 200, body: "{}" });
  const { body } = await asked.streamed({ method: "GET", path: "/" }, 1000);
  for await (const part of body) expect(part.toString()).toBe("{}");
  expect(versions).toEqual(["1.1", "1.1"]);
});
