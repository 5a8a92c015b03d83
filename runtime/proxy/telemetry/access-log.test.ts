import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AccessLog } from "./access-log.ts";

test("no control character of what callers say reaches a terminal, and all of it can be read back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "access.log");
  const log = new AccessLog(openSync(file, "a"));
  const said = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
  const common = { role: "inbound", startedAt: 0, milliseconds: 1, reason: "", endpoint: undefined } as const;
  const who = { callerAddress: "127.0.0.1", caller: undefined };
  log.exchanged({
    ...common,
    ...who,
    method: "GET",
    target: "/",
    host: "server",
    requestId: said,
    status: 200,
    attempts: 1,
    requestBytes: 0,
    responseBytes: 0,
    service: "",
    cluster: "",
  });
  log.connected({ ...common, ...who, sentBytes: 0, receivedBytes: 0, cluster: said });
  await log.flushed();
  const text = readFileSync(file, "utf8");
  // eslint-disable-next-line no-control-regex
  expect(text.replaceAll("\n", "")).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  const [exchanged, connected] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(exchanged!["request_id"]).toBe(said);
  expect(connected!["upstream_cluster"]).toBe(said);
});
