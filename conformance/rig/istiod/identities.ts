import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Site } from "../plane.ts";
import { child, eventually, type Child } from "../process.ts";
import { trustDomain } from "../workload.ts";
import type { IdentityConfiguration } from "./identity-process.ts";

/** Where Envoys find the identity process, beside istiod. */
export const identityPort = 15016;

const program = join(import.meta.dirname, "identity-process.ts");

/** Starts the process that serves proxies their identities; returns when it listens. */
export const identityProcess = async ({ directory, anchor, mesh, gateway, webRoots }: Site): Promise<Child> => {
  const file = join(directory, "identities.json");
  const configuration: IdentityConfiguration = {
    listen: { address: gateway, port: identityPort },
    authority: mesh.folder,
    trustDomain,
    systemRoots: webRoots,
  };
  writeFileSync(file, JSON.stringify(configuration));
  const started = child(directory, "identities", [process.execPath, program, file], { inside: anchor.pid });
  await eventually(
    "identities are served",
    async () => ((await readFile(started.log, "utf8")).includes('"event":"serving"') ? true : undefined),
    { needs: [started] },
  );
  return started;
};
