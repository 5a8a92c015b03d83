import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { ownMemory } from "../../conformance/rig/footprint.ts";
import { median } from "../compile/measured.ts";
import type { SyncStage } from "./stage.ts";

const edits = 9;
const theirs = { spec: { http: [{ route: [{ destination: { host: "theirs" } }] }] } };

/** The program in its loop as the image starts it, on an empty cluster first: how long an edit stays, and the most memory that it had. */
export const looped = async (stage: SyncStage): Promise<Readonly<Record<string, number>>> => {
  await stage.emptied();
  const {
    cwd,
    argv: [file, ...args],
  } = stage.container("--interval", "1s");
  const program = spawn(file, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = program;
  if (pid === undefined) throw new Error("mesh-sync did not start");
  let said = "";
  for (const stream of [program.stdout, program.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  let most = 0;
  const sampling = setInterval(() => (most = Math.max(most, ownMemory(pid))), 25);
  const ended = once(program, "close");
  const started = performance.now();
  try {
    while (!said.includes('"commit in force"')) {
      if (program.exitCode !== null || performance.now() - started > 300_000)
        throw new Error(`mesh-sync brought nothing in force: ${said}`);
      await sleep(50);
    }
    // Its watches begin now.
    await sleep(2000);
    const services = (await stage.all()).filter(({ kind }) => kind === "VirtualService");
    const taken: number[] = [];
    // Each another object: one that is changed again and again is healed later each time.
    for (const object of services.slice(0, edits)) {
      const wanted = JSON.stringify(object["spec"]);
      await stage.edited(object, theirs);
      const edited = performance.now();
      while (JSON.stringify((await stage.found(object))?.["spec"]) !== wanted) {
        if (performance.now() - edited > 60_000) throw new Error(`an edit stays: ${said}`);
        await sleep(2);
      }
      taken.push(performance.now() - edited);
    }
    return { drift_healed_ms: median(taken), memory_mib: most };
  } finally {
    clearInterval(sampling);
    program.kill("SIGTERM");
    await ended;
  }
};
