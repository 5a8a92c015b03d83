import { mkdir } from "node:fs/promises";
import { Command, Option } from "commander";
import { isIP } from "node:net";
import { readSnapshot } from "../../compiler/snapshot/read-snapshot.ts";
import { addressAndPort, meshOption, milliseconds, stateOption } from "./arguments.ts";
import { stateFolders, type StateOptions } from "./state.ts";

interface ServeOptions extends StateOptions {
  readonly env?: string;
  readonly types: boolean;
  readonly listen: ReturnType<typeof addressAndPort>;
  readonly join: ReturnType<typeof addressAndPort>;
  readonly admin: ReturnType<typeof addressAndPort>;
  readonly name: readonly string[];
  readonly lifetime: number;
  readonly grace: number;
  readonly accessLog: "stdout" | "none";
  readonly kubernetes?: true;
}

/** `mesh-control serve`: until it is told to end. */
export const serveCommand = (): Command =>
  new Command("serve")
    .description("compile a mesh folder whenever it changes, and serve what each proxy needs of it")
    .addOption(meshOption())
    .option("--env <environment>", "compile for one of the environments that mesh.config.ts declares")
    .option("--no-types", "leave out the type check, where somebody else makes it before a change gets here")
    .addOption(stateOption())
    .addOption(
      new Option("--listen <address:port>", "where proxies find it")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_012 }, "127.0.0.1:15012"),
    )
    .addOption(
      new Option("--join <address:port>", "where machines get their identity")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_013 }, "127.0.0.1:15013"),
    )
    .addOption(
      new Option("--admin <address:port>", "where people and probes ask; shows every configuration")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_014 }, "127.0.0.1:15014"),
    )
    .option("--name <name...>", "DNS names and addresses under which proxies and machines find it", [
      "localhost",
      "127.0.0.1",
    ])
    .addOption(
      new Option("--lifetime <duration>", "how long certificates live")
        .argParser(milliseconds)
        .default(86_400_000, "24h"),
    )
    .addOption(
      new Option("--grace <duration>", "how long clients have to go elsewhere when it ends")
        .argParser(milliseconds)
        .default(5000, "5s"),
    )
    .addOption(
      new Option("--access-log <where>", "where proxies write what they served")
        .choices(["stdout", "none"])
        .default("stdout"),
    )
    .option("--kubernetes", "accept projected service account tokens, reviewed by the cluster that this runs in")
    .action(async (options: ServeOptions) => {
      const [{ control }, { admin }, { folderSource }, identity] = await Promise.all([
        import("../../runtime/control/control.ts"),
        import("../../runtime/control/admin.ts"),
        import("../../runtime/control/source/folder-source.ts"),
        import("../../runtime/control/identity/index.ts"),
      ]);
      const log = (entry: Readonly<Record<string, unknown>>): void =>
        void process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
      const { value: snapshot, diagnostics } = await readSnapshot(options.mesh);
      if (snapshot === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
      const { trustDomain } = snapshot.platform;
      const folders = stateFolders(options);
      await mkdir(folders.tokens, { recursive: true, mode: 0o700 });
      const names = [...new Set([...options.name, ...(isIP(options.listen.address) ? [options.listen.address] : [])])];
      const authority = await identity.authority({
        store: identity.keyFolder(folders.keys, log),
        trustDomain,
        create: true,
        lifetimeMs: options.lifetime,
        log,
      });
      const published = (): void =>
        void identity
          .publishedRoots(folders.public, authority.roots())
          .catch((error: unknown) => log({ level: "error", event: "roots not published", reason: String(error) }));
      published();
      authority.onRoots(published);
      const identities = identity.identities({ authority, log });
      const running = await control({
        source: folderSource(options.mesh, {
          types: options.types,
          ...(options.env !== undefined && { environment: options.env }),
        }),
        authority,
        identities,
        listen: options.listen,
        names,
        accessLog: options.accessLog,
        log,
      });
      const cluster = options.kubernetes && (await identity.inClusterAccess());
      if (options.kubernetes && cluster === undefined)
        throw new Error("--kubernetes: this process runs in no cluster that it was given an account of");
      const joins = await identity.joinServer({
        authority,
        tokens: identity.joinTokens({ folder: folders.tokens, log }),
        names,
        host: options.join.address,
        port: options.join.port,
        log,
        ...(cluster && {
          reviews: identity.tokenReviews({ api: identity.kubernetesApi(cluster), trustDomain, log }),
        }),
      });
      const watching = await admin(running, options.admin);
      log({ level: "info", event: "serving", xds: running.port, join: joins.port, admin: watching.port });

      const asked = await new Promise<string>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve(signal));
      });
      log({ level: "info", event: "ending", signal: asked, graceMs: options.grace });
      // Whoever is impatient asks twice.
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
      await joins.close();
      await running.close(options.grace);
      await watching.close();
      identities.close();
      authority.close();
    });
