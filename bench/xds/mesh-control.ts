import { ownCertificate, trustedRoots } from "../../targets/xds/identity-names.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { child, eventually } from "../../conformance/rig/process.ts";
import type { Site } from "../../conformance/rig/plane.ts";
import { lookup } from "../../lib/model/lookup.ts";
import { authority, keyFolder } from "../../runtime/control/identity/index.ts";
import type { ProxySpec } from "./clients/messages.ts";
import type { Folder } from "./folder.ts";
import { callers } from "./mesh.ts";
import type { BenchPlane } from "./plane.ts";

const root = join(import.meta.dirname, "../..");
const ports = { listen: 16_012, join: 16_013, admin: 16_014 } as const;

/** As it is published, and until it is, from its source. */
const program = (): string =>
  [join(root, "dist/cli/mesh-control.js"), join(root, "cli/mesh-control.ts")].find((path) => existsSync(path)) ?? "";

/** `mesh-control serve` in the network of the rig, with a state folder of its own; its clients prove who they are by mTLS. */
export const meshControl = async (
  { folder, mesh, places, policy, host }: Folder,
  { directory, anchor, agent }: Site,
  { types, state }: { readonly types: boolean; readonly state: string },
): Promise<BenchPlane & { readonly stop: () => Promise<void> }> => {
  const argv = [
    process.execPath,
    program(),
    "serve",
    ...["--mesh", folder],
    ...(types ? [] : ["--no-types"]),
    ...["--state", state],
    ...["--listen", `127.0.0.1:${ports.listen}`],
    ...["--join", `127.0.0.1:${ports.join}`],
    ...["--admin", `127.0.0.1:${ports.admin}`],
    ...["--access-log", "none"],
    ...["--grace", "100ms"],
  ];
  console.log(`$ ${argv.slice(1).join(" ").replaceAll(root, ".")}`);
  const control = child(directory, types ? "mesh-control.types" : "mesh-control", argv, { inside: anchor.pid });
  await eventually("mesh-control is ready", () => agent.fetched(ports.admin, "/readyz").then(() => true), {
    needs: [control],
  });
  const issuing = await authority({
    store: keyFolder(join(state, "keys")),
    trustDomain: mesh.platform.trustDomain,
  });
  const ca = issuing.roots();
  const pods = places.slice(1, callers + 1).map((place) => place.pods[0]!);
  const proxies = await Promise.all(
    pods.map(async ({ spec }): Promise<ProxySpec> => {
      const workload = `${spec.namespace}/${spec.name}`;
      const identity = lookup(mesh).workload(workload)?.identity;
      if (identity === undefined) throw new Error(`the mesh has no workload ${workload}`);
      const { privateKey: key, certificateChain: certificate } = await issuing.issued(identity);
      return { node: { id: `${workload}/0` }, tls: { ca, key, certificate } };
    }),
  );
  issuing.close();
  return {
    name: "meshwright",
    spec: (count) =>
      Promise.resolve({
        name: "meshwright",
        address: "127.0.0.1",
        port: ports.listen,
        proxies: proxies.slice(0, count),
        secrets: [ownCertificate, trustedRoots],
        host,
      }),
    write: (seconds) => ({ kind: "file", ...policy(seconds) }),
    pid: () => control.pid,
    takenAt: () => {
      const line = readFileSync(control.log, "utf8")
        .split("\n")
        .findLast((entry) => entry.includes('"revision taken"'));
      return line === undefined ? undefined : Date.parse((JSON.parse(line) as { readonly time: string }).time);
    },
    stop: () => control.stop(),
  };
};
