/**
 * mesh-control as the rig runs it: everything but the compiler, which would need a folder where the suite has meshes. Its one
 * argument is a JSON file that says where it listens and where the state lies that it serves.
 */
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, dirname } from "node:path";
import { authority, identities, joinServer, joinTokens, keyFolder } from "../../runtime/control/identity/index.ts";
import { admin } from "../../runtime/control/admin/admin.ts";
import { control, type ControlOptions } from "../../runtime/control/control.ts";
import type { Log } from "../../runtime/log/log.ts";
import type { Source } from "../../runtime/control/source/source.ts";
import type { Clients } from "../rig/mesh-control/clients.ts";
import type { State } from "../rig/mesh-control/state.ts";

interface Configuration {
  readonly state: string;
  readonly listen: { readonly address: string; readonly port: number };
  readonly admin: { readonly address: string; readonly port: number };
  /** Where it says which proxy has taken which state, as only the rig numbers states; nowhere when absent. */
  readonly progress?: { readonly address: string; readonly port: number };
  readonly authority: string;
  readonly trustDomain: string;
  readonly limits?: ControlOptions["limits"];
  /** Where machines join; nowhere when absent. Tokens are files of the folder. */
  readonly join?: { readonly address: string; readonly port: number; readonly tokens: string };
}

const configuration = JSON.parse(await readFile(process.argv[2] ?? "", "utf8")) as Configuration;
const { state, listen, progress, trustDomain, limits } = configuration;
const log: Log = (entry) => console.log(JSON.stringify(entry));

let serial = 0;
/** The state file, whenever it is replaced. */
const source: Source = {
  spansOf: () => Promise.resolve(new Map()),
  followed: async (listener) => {
    const taken = async (): Promise<void> => {
      const read = JSON.parse(await readFile(state, "utf8")) as State;
      if (read.serial === serial) return;
      serial = read.serial;
      listener.taken({ mesh: read.mesh, placement: read.placement });
    };
    let queue = taken();
    const watcher = watch(dirname(state), (_, name) => {
      if (name === basename(state)) queue = queue.then(taken);
    });
    await queue;
    return { stop: () => Promise.resolve(watcher.close()) };
  },
};

const root = await authority({
  store: keyFolder(configuration.authority),
  trustDomain,
  refreshMs: 500,
  log,
});
const running = await control({
  source,
  authority: root,
  identities: identities({ authority: root, spreadMs: 1000, log }),
  listen,
  names: [listen.address],
  accessLog: "none",
  ...(limits && { limits }),
  log,
});

if (configuration.join !== undefined)
  await joinServer({
    authority: root,
    tokens: joinTokens({ folder: configuration.join.tokens, log }),
    names: [configuration.join.address],
    host: configuration.join.address,
    port: configuration.join.port,
    log,
  });

const clients = (): Clients => ({
  revision: { serial },
  clients: running.ads.clients().map(({ client, synced }) => ({
    node: client.name,
    workload: client.name.split("/").slice(0, 2).join("/"),
    synced,
    // Streams are behind until they were told of the newest state.
    serial,
    refusals: running.refusals.all().filter((refusal) => refusal.client === client.name),
  })),
});

if (progress !== undefined)
  createServer((_, response) => void response.end(JSON.stringify(clients()))).listen(progress.port, progress.address);
await admin(running, configuration.admin);
process.once("SIGTERM", () => void running.close(0).then(() => process.exit(0)));
