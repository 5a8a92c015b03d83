import { execFile } from "node:child_process";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../fixture.ts";
import { joinTokens } from "../join/tokens.ts";
import { keyFolder } from "../keys/folder.ts";
import { newRoot } from "../x509/root.ts";
import { atomicFolder } from "./atomic-folder.ts";

/** Runs a program in a process of its own that kills itself at its n-th call of the file system. */
const killedAt = (n: number, program: string): Promise<{ readonly killed: boolean; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const text = `
      import fs from "node:fs/promises";
      import { syncBuiltinESMExports } from "node:module";
      let left = ${n};
      const counted = (of, name) => {
        const real = of[name].bind(of);
        of[name] = (...given) => {
          if (left-- === 0) process.kill(process.pid, "SIGKILL");
          return real(...given);
        };
      };
      for (const name of ["mkdir", "rename", "symlink", "unlink", "rm"]) counted(fs, name);
      const open = fs.open;
      fs.open = async (...given) => {
        const handle = await open(...given);
        for (const name of ["writeFile", "sync", "close"]) counted(handle, name);
        return handle;
      };
      counted(fs, "open");
      syncBuiltinESMExports();
      ${program}`;
    execFile(process.execPath, ["--input-type=module", "-e", text], (error, stdout, stderr) => {
      if (error === null || error.signal === "SIGKILL") resolve({ killed: error !== null, output: stdout });
      else reject(new Error(stderr));
    });
  });

const moduleOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** The law at every point at which a process can be killed; how many points there are. */
const atEveryPoint = async (law: (n: number) => Promise<boolean>): Promise<number> => {
  for (let n = 0; n < 60; n += 1) if (!(await law(n))) return n;
  throw new Error("the program never came to its end");
};

test("a key folder whose writer is killed holds the old roots or the new ones, and can be written again", async () => {
  const [one, two] = [await newRoot("mesh.test"), await newRoot("mesh.test")];
  const filesOf = (root: typeof one) =>
    new Map([
      ["ca.crt", root.certificate],
      ["ca.key", root.key],
    ]);
  const points = await atEveryPoint(async (n) => {
    const folder = await temporaryFolder();
    await keyFolder(folder).write(filesOf(one), undefined);
    const { killed } = await killedAt(
      n,
      `const { keyFolder } = await import(${moduleOf("../keys/folder.ts")});
       const store = keyFolder(${JSON.stringify(folder)});
       await store.write(new Map(${JSON.stringify([...filesOf(two)])}), await store.read());`,
    );
    const held = await keyFolder(folder).read();
    const certificate = held?.text("ca.crt") ?? "";
    expect([one.certificate, two.certificate]).toContain(certificate);
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(held?.text("ca.key") ?? ""))).toBe(true);
    expect(await keyFolder(folder).write(filesOf(one), held)).toBe("written");
    return killed;
  });
  expect(points).toBeGreaterThan(8);
});

test("a machine's folder whose writer is killed holds one generation whole, and the next write leaves nothing behind", async () => {
  const generation = (text: string) =>
    new Map(["identity.crt", "identity.key", "sds.json"].map((name) => [name, text]));
  const points = await atEveryPoint(async (n) => {
    const folder = join(await temporaryFolder(), "identity");
    await atomicFolder(folder, generation("old"));
    const { killed } = await killedAt(
      n,
      `const { atomicFolder } = await import(${moduleOf("./atomic-folder.ts")});
       await atomicFolder(${JSON.stringify(folder)}, new Map(${JSON.stringify([...generation("new")])}));`,
    );
    const texts = await Promise.all([...generation("").keys()].map((name) => readFile(join(folder, name), "utf8")));
    expect(new Set(texts).size).toBe(1);
    await atomicFolder(folder, generation("newer"));
    expect(await readFile(join(folder, "sds.json"), "utf8")).toBe("newer");
    expect((await readdir(folder)).filter((name) => name.startsWith("..")).length).toBe(2);
    return killed;
  });
  expect(points).toBeGreaterThan(8);
});

test("a token whose redeemer is killed gives an identity at most once", async () => {
  const grant = { workload: "shop/reviews", identity: "spiffe://mesh.test/ns/shop/sa/reviews" };
  const by = { workload: grant.workload, address: "192.0.2.1" };
  const points = await atEveryPoint(async (n) => {
    const folder = await temporaryFolder();
    const tokens = joinTokens({ folder, refusalMs: 0 });
    const token = await tokens.created({ ...grant, ttlMs: 60_000 });
    const { killed, output } = await killedAt(
      n,
      `const { joinTokens } = await import(${moduleOf("../join/tokens.ts")});
       const found = await joinTokens({ folder: ${JSON.stringify(folder)}, refusalMs: 0 }).redeemed(${JSON.stringify(token)}, ${JSON.stringify(by)});
       process.stdout.write(found.kind);`,
    );
    const again = await tokens.redeemed(token, by);
    expect([output, again.kind].filter((kind) => kind === "redeemed").length).toBeLessThanOrEqual(1);
    if (!killed) expect([output, again.kind]).toEqual(["redeemed", "refused"]);
    return killed;
  });
  expect(points).toBeGreaterThanOrEqual(4);
});

test("a token whose maker is killed is there whole or not at all", async () => {
  const points = await atEveryPoint(async (n) => {
    const folder = join(await temporaryFolder(), "tokens");
    await mkdir(folder);
    const { killed } = await killedAt(
      n,
      `const { joinTokens } = await import(${moduleOf("../join/tokens.ts")});
       await joinTokens({ folder: ${JSON.stringify(folder)} }).created({ workload: "a", identity: "spiffe://mesh.test/a", ttlMs: 60000 });`,
    );
    for (const name of (await readdir(folder)).filter((one) => one.endsWith(".json")))
      expect(JSON.parse(await readFile(join(folder, name), "utf8"))).toMatchObject({
        workload: "a",
        hash: name.slice(0, 64),
      });
    return killed;
  });
  expect(points).toBeGreaterThan(4);
});
