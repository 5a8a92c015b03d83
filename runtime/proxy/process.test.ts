import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { controlled, running } from "../control/fixture.ts";
import { reviews } from "../control/identity/fixture.ts";
import { writtenIdentity } from "../control/identity/index.ts";
import { config } from "./fixture.ts";
import { proxyProcess, type ProcessOptions } from "./process.ts";

/** A process with an identity folder, and what it logs. */
const scene = async (more: Partial<ProcessOptions>) => {
  const { authority } = await controlled(running(reviews));
  const parent = await mkdtemp(join(tmpdir(), "meshwright-process-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const [file, folder] = [join(parent, "proxy.json"), join(parent, "identity")];
  const renewed = async (): Promise<void> => {
    const { certificateChain, privateKey } = await authority.issued(reviews);
    await writtenIdentity(folder, { certificateChain, privateKey: () => privateKey, roots: authority.roots() });
  };
  await renewed();
  const events: string[] = [];
  const written = (): Promise<void> =>
    writeFile(
      file,
      JSON.stringify({
        ...config([], { a: { resolve: "dns", endpoints: [{ address: "outside.example", port: 80 }] } }),
        identity: reviews,
        trustDomain: "mesh.test",
      }),
    );
  const begun = async () => {
    const made = await proxyProcess({
      config: file,
      identity: folder,
      accessLog: "none",
      log: ({ event }) => events.push(event),
      ...more,
    });
    onTestFinished(() => made.close(0));
    return made;
  };
  return { renewed, written, begun, events };
};

test("an identity that is renewed while the first configuration is put in force is taken", async () => {
  let isLooking = (): void => undefined;
  const looking = new Promise<void>((resolve) => (isLooking = resolve));
  let found: ((addresses: readonly string[]) => void) | undefined;
  const { renewed, written, begun, events } = await scene({
    addressesOf: () => {
      isLooking();
      return new Promise((resolve) => (found = resolve));
    },
  });
  await written();
  const process = begun();
  await looking;
  await renewed();
  // The system is looked at each second where it tells nothing.
  await sleep(1500);
  found?.(["192.0.2.1"]);
  await process;
  await expect.poll(() => events).toEqual(["configuration taken", "identity renewed"]);
});

test("who has nothing to prove yet says nothing of renewals", async () => {
  const { renewed, written, begun, events } = await scene({ waits: true, addressesOf: () => Promise.resolve([]) });
  await begun();
  await renewed();
  await sleep(1500);
  await written();
  await expect.poll(() => events.includes("configuration taken")).toBe(true);
  expect(events).toEqual(["configuration taken"]);
});
