import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../conformance/rig/free-port.ts";
import { asked, backend, cluster, config, listening, outbound, route, wholeHost } from "../fixture.ts";
import { proxyProcess, type ProxyProcess } from "../process.ts";
import { toldFile } from "./told-file.ts";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Processes of a proxy that wait for their file. */
const following = async (count: number, first?: string) => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-told-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "proxy.json");
  if (first !== undefined) await writeFile(file, first);
  const lines: string[] = [];
  const processes: ProxyProcess[] = [];
  for (let index = 0; index < count; index += 1) {
    const made = await proxyProcess({
      config: file,
      waits: true,
      accessLog: "none",
      log: ({ event, reason }) => lines.push(`${event}: ${String(reason)}`),
    });
    onTestFinished(() => made.close(0));
    processes.push(made);
  }
  const followers = { count, status: () => Promise.resolve(processes.map((one) => one.status())) };
  return { folder, file, lines, processes, followers };
};

const served = async (name: string, port: number): Promise<string> =>
  JSON.stringify(
    config([outbound(port, wholeHost(route("a")))], { a: cluster(await backend((_, response) => response.end(name))) }),
  );

test("what is told is in force when it is said to be, also where there was nothing, or something broken", async () => {
  for (const first of [undefined, "{"]) {
    const port = await freePort();
    const { folder, file, lines, followers } = await following(1, first);
    expect(lines).toEqual(first === undefined ? [] : ["configuration refused: the configuration is no JSON"]);
    const taking = toldFile(file, followers);
    expect(await taking.stands()).toBe(false);
    await taking.taken(await served("a", port));
    expect((await asked(port)).body).toBe("a");
    expect(await taking.stands()).toBe(true);
    await taking.taken(await served("b", port));
    expect((await asked(port)).body).toBe("b");
    expect(await readdir(folder)).toEqual(["proxy.json"]);
  }
});

const reason = "the port is taken";

/** Together with a process that refuses what the others took, once they did. */
const disagreeingWith = (
  file: string,
  followers: Awaited<ReturnType<typeof following>>["followers"],
  bad: string,
  good?: string,
) => {
  let wentOver = false;
  const status = async () => {
    const all = await followers.status();
    const [{ configuration, read } = { configuration: undefined, read: undefined }] = all;
    const isTold = configuration === digestOf(bad);
    wentOver ||= isTold;
    const other = {
      configuration: good === undefined ? undefined : digestOf(good),
      read,
      refused: isTold ? { configuration: digestOf(bad), reason } : undefined,
    };
    return [...all, other];
  };
  return { disagreeing: toldFile(file, { count: 2, status }), wentOver: () => wentOver };
};

test("where one process refuses, all of them go on as before, and so does the file", async () => {
  const port = await freePort();
  const { file, followers, processes } = await following(1);
  const taking = toldFile(file, followers);
  const good = await served("a", port);
  await taking.taken(good);
  const bad = await served("b", port);
  const { disagreeing, wentOver } = disagreeingWith(file, followers, bad, good);
  await expect(disagreeing.taken(bad)).rejects.toThrow(reason);
  expect(wentOver()).toBe(true);
  expect(await readFile(file, "utf8")).toBe(good);
  expect((await asked(port)).body).toBe("a");
  expect(processes[0]?.status().refused).toBeUndefined();
  await expect(taking.taken(JSON.stringify({ version: 2 }))).rejects.toThrow("version 2");
  expect(await readFile(file, "utf8")).toBe(good);
  expect((await asked(port)).body).toBe("a");
});

test("a process that is on its way back is waited for, and not for ever", async () => {
  const { file, followers } = await following(1);
  const [first, second] = await Promise.all([freePort(), freePort()]);
  const text = await served("a", first);
  await expect(toldFile(file, { ...followers, count: 2 }, 100).taken(text)).rejects.toThrow(/not in force in all/);
  // Who comes back later finds that nothing is to be served.
  expect(await readFile(file, "utf8")).toBe("null\n");
  await toldFile(file, followers).taken(await served("b", second));
  expect((await asked(second)).body).toBe("b");
});

test("where one process refuses the first configuration, those that took it serve nothing again", async () => {
  const port = await freePort();
  const { file, followers, processes } = await following(1);
  const bad = await served("a", port);
  const { disagreeing, wentOver } = disagreeingWith(file, followers, bad);
  await expect(disagreeing.taken(bad)).rejects.toThrow(reason);
  expect(wentOver()).toBe(true);
  await expect(asked(port)).rejects.toThrow("ECONNREFUSED");
  expect(processes[0]?.status()).toMatchObject({ workload: "", configuration: undefined, refused: undefined });
  await expect(readFile(file)).rejects.toThrow("ENOENT");
  await toldFile(file, followers).taken(bad);
  expect((await asked(port)).body).toBe("a");
});

test("who is asked again tries again, whether something was in force before or nothing", async () => {
  for (const isFirst of [true, false]) {
    const { file, followers } = await following(1);
    const taking = toldFile(file, followers);
    if (!isFirst) await taking.taken(await served("before", await freePort()));
    const occupied = createServer();
    const port = await listening(occupied);
    const text = await served("a", port);
    for (let time = 0; time < 2; time += 1) await expect(taking.taken(text)).rejects.toThrow("EADDRINUSE");
    await new Promise((resolve) => occupied.close(resolve));
    await taking.taken(text);
    expect((await asked(port)).body).toBe("a");
  }
});
