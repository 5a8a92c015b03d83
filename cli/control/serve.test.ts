import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { testAuthority } from "../../runtime/control/identity/fixture.ts";
import { keyFolder } from "../../runtime/control/identity/index.ts";
import { longestLifetime, recordedLifetime } from "./lifetimes.ts";

const program = join(import.meta.dirname, "../mesh-control.ts");
const greeter = join(import.meta.dirname, "../../policies/greeter");

const meshFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-serve-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(greeter, join(folder, "mesh"), { recursive: true });
  return join(folder, "mesh");
};

/** Beside a mesh folder, since no control plane keeps its keys in one. */
const stateOf = (mesh: string): string => join(mesh, "../state");

const takenPort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};

const ran = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, KUBERNETES_SERVICE_HOST: "" } });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
};

const anywhere = { listen: "127.0.0.1:0", join: "127.0.0.1:0", admin: "127.0.0.1:0" } as const;

test.each(["listen", "join", "admin"] as const)(
  "serves nothing where --%s is taken",
  { timeout: 60_000 },
  async (which) => {
    const address = `127.0.0.1:${await takenPort()}`;
    const addresses = Object.entries({ ...anywhere, [which]: address }).flatMap(([name, at]) => [`--${name}`, at]);
    const mesh = await meshFolder();
    const found = await ran("serve", "--mesh", mesh, "--state", stateOf(mesh), "--no-types", ...addresses);
    expect(found.err).toBe(`mesh-control: ${address} is taken by another process\n`);
    expect(found.code).toBe(1);
    expect(found.out).not.toContain('"serving"');
  },
);

test("serves nothing where the cluster is missing that it was told of", { timeout: 60_000 }, async () => {
  const addresses = Object.entries(anywhere).flatMap(([name, at]) => [`--${name}`, at]);
  const mesh = await meshFolder();
  const found = await ran("serve", "--mesh", mesh, "--state", stateOf(mesh), "--kubernetes", ...addresses);
  expect(found).toMatchObject({ code: 1, out: "" });
  expect(found.err).toContain("runs in no cluster");
});

test("roots are not made in a folder where they were to be in a secret", { timeout: 60_000 }, async () => {
  const mesh = await meshFolder();
  for (const command of [["serve"], ["root", "add"]]) {
    const found = await ran(...command, "--mesh", mesh, "--state", stateOf(mesh), "--roots-secret", "mesh/roots");
    expect(found).toMatchObject({ code: 1, out: "" });
    expect(found.err).toContain("--roots-secret: this process runs in no cluster");
  }
  expect((await ran("serve", "--mesh", mesh, "--roots-secret", "roots")).err).toContain("write NAMESPACE/NAME");
});

test("a machine whose workload was removed renews no more", { timeout: 60_000 }, async () => {
  const mesh = await meshFolder();
  const addresses = Object.entries(anywhere).flatMap(([name, at]) => [`--${name}`, at]);
  const child = spawn(process.execPath, [
    program,
    ...["serve", "--mesh", mesh, "--state", stateOf(mesh), "--no-types"],
    ...addresses,
  ]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(out);
      if (found) return found;
      await sleep(20);
    }
  };
  const port = (await said(/"join":(\d+)/))[1];
  await said(/"revision":1/);
  const token = (await ran("token", "greeter/caller", "--mesh", mesh, "--state", stateOf(mesh))).out.trim();
  const roots = join(stateOf(mesh), "roots.crt");
  const joining = ["join", "greeter/caller", "--roots", roots, "--out", join(mesh, "../caller")];
  const server = ["--server", `https://127.0.0.1:${port}`];
  expect(await ran(...joining, ...server, "--token", token)).toMatchObject({ code: 0 });
  expect(await ran(...joining, ...server)).toMatchObject({ code: 0 });
  // Nobody runs as the account any more.
  const snapshot = join(mesh, "graph/snapshot.json");
  const text = await readFile(snapshot, "utf8");
  await writeFile(snapshot, text.replace('"serviceAccount": "caller"', '"serviceAccount": "another"'));
  await said(/"revision":2/);
  expect(await ran(...joining, ...server)).toMatchObject({
    code: 1,
    err: expect.stringContaining("no proxy of the mesh runs as it") as string,
  });
});

test("a step of a rotation waits for the certificates that `serve` gives out", { timeout: 60_000 }, async () => {
  const mesh = await meshFolder();
  const state = stateOf(mesh);
  await mkdir(state, { recursive: true });
  const authority = await testAuthority({ store: keyFolder(join(state, "keys")), trustDomain: "cluster.local" });
  await authority.rotated("add");
  const unknown = await ran("root", "switch", "--mesh", mesh, "--state", state);
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("say --lifetime") as string });
  await recordedLifetime(join(state, "lifetimes.json"), 3_600_000);
  // Shorter from now on: what was given out before lives on.
  await recordedLifetime(join(state, "lifetimes.json"), 1000);
  expect(await longestLifetime(join(state, "lifetimes.json"))).toBe(3_600_000);
  const early = await ran("root", "switch", "--mesh", mesh, "--state", state);
  expect(early.code).toBe(3);
  expect(Number(/and (\d+) s of the wait/.exec(early.err)?.[1])).toBeGreaterThan(3500);
});

test("keys are not kept where policies are written", { timeout: 60_000 }, async () => {
  const mesh = await meshFolder();
  const found = await ran("serve", "--mesh", mesh, "--state", join(mesh, ".meshwright"));
  expect(found).toMatchObject({ code: 1, err: expect.stringContaining("lies in the mesh folder") as string });
});
