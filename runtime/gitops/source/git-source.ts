import { createWriteStream, existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { commitOf } from "../../../compiler/commit/commit.ts";
import { laidOut } from "../../../compiler/commit/laid-out.ts";
import { meshTree, type Bounds } from "../../../compiler/commit/mesh-tree.ts";
import { Refusal } from "../../../compiler/commit/refusal.ts";
import { silent, type Log } from "../../log/log.ts";
import { credentials } from "./http/credentials.ts";
import { isReadableByOthers, repositoryUrl } from "./http/repository-url.ts";
import { openedSession, type Session } from "./http/session.ts";
import { timeLimit } from "./time-limit.ts";
import { packObjects, type PackBounds } from "./pack/objects.ts";
import { onDisk, privateFolder, type PrivateFolder } from "./private-folder.ts";
import { SourceError, type Fetched, type Source } from "./source.ts";
import { advertised, type Advertisement } from "./wire/advertisement.ts";
import { head, pack } from "./wire/requests.ts";

/** How much a commit may be. */
export interface SourceBounds {
  readonly packBytes: number;
  readonly pack: PackBounds;
  /** Of the mesh folder. */
  readonly mesh: Bounds;
}

/** Far more than policies come to, and as much as a small container holds. */
export const sourceBounds: SourceBounds = {
  packBytes: 256 * 2 ** 20,
  pack: { objects: 500_000, objectBytes: 64 * 2 ** 20, bytes: 2 ** 30 },
  mesh: { files: 100_000, bytes: 256 * 2 ** 20 },
};

export interface GitSourceOptions {
  /** `https://HOST/PATH`, without credentials. */
  readonly url: string;
  readonly branch: string;
  /** The mesh folder in the repository; "" or absent for its top. */
  readonly path?: string;
  /** Of this source alone; commits are laid out in a folder within it. */
  readonly folder: string;
  /** Asked anew for each fetch. */
  readonly token?: () => Promise<string | undefined>;
  /** What stands before the token; servers that take tokens rarely look at it. */
  readonly username?: string;
  /** PEM, beside the well-known authorities; read anew for each fetch. */
  readonly caFile?: string;
  /** The environment in which HTTPS_PROXY, HTTP_PROXY and NO_PROXY are looked up; without it, none is. */
  readonly proxyEnv?: NodeJS.ProcessEnv;
  /** For a whole fetch. */
  readonly timeoutMs?: number;
  /** Without a byte from the server. */
  readonly silenceMs?: number;
  readonly bounds?: SourceBounds;
  readonly log?: Log;
}

/**
 * The commit that a branch of a Git server is at, over HTTP in version 2 of Git's protocol or the one before. A fetch begins
 * with nothing and takes nothing of the history, so that a branch that was rewritten is a commit like any other. Where the
 * branch has not moved, a fetch is one small request.
 *
 * @throws {SourceError} where the options themselves cannot be used
 */
export const gitSource = (options: GitSourceOptions): Source => {
  const { folder, token, username = "x-access-token", caFile, timeoutMs = 120_000, silenceMs = 30_000 } = options;
  const { bounds = sourceBounds, log = silent, proxyEnv = {} } = options;
  const repository = repositoryUrl(options.url);
  const branch = branchName(options.branch);
  const path = meshPath(options.path ?? "");
  let home: PrivateFolder | undefined;
  let server: Advertisement | undefined;
  let latest: Fetched | undefined;

  /** Where the server was asked before in version 2, it need not say again how it is to be talked to. */
  const asked = async (session: Session): Promise<{ readonly at: Advertisement; readonly commit: string }> => {
    const known = server;
    server = undefined;
    if (known !== undefined)
      try {
        const commit = await head(session, known, branch);
        server = known;
        return { at: known, commit };
      } catch (error) {
        // The server may have moved, or have been replaced.
        if (!(error instanceof SourceError) || !["gone", "invalid"].includes(error.reason)) throw error;
      }
    const at = await advertised(session, repository);
    const commit = await head(session, at, branch);
    if (at.branches === undefined) server = at;
    return { at, commit };
  };

  const fetched = async (session: Session, breathe: () => Promise<void>, signal: AbortSignal): Promise<Fetched> => {
    const { at, commit } = await asked(session);
    if (latest?.commit === commit && existsSync(latest.folder)) return latest;
    home ??= await privateFolder(folder);
    const { staged, placed, removed } = home;
    const temporary = await staged();
    const started = performance.now();
    try {
      const file = join(temporary, "pack");
      const write = createWriteStream(file, { mode: 0o600, flags: "wx" });
      await pipeline(pack(session, at, commit, bounds.packBytes), write, { signal });
      const bytes = await readFile(file);
      await rm(file);
      const objects = await packObjects(bytes, bounds.pack, breathe);
      const found = await objects.object(commit);
      if (found?.type !== "commit")
        throw new SourceError("invalid", `${at.url.href} sent a pack without the commit ${commit}`);
      const tree = await meshTree(objects, commitOf(commit, found.bytes), path, branch, bounds.mesh);
      const named = { written: branch, commit: commit.slice(0, 10) };
      const breathing = {
        ...objects,
        object: async (id: string) => {
          await breathe();
          return objects.object(id);
        },
      };
      await laidOut(breathing, tree, { temporary, present: undefined, named, bounds: bounds.mesh });
      latest = { commit, tree: tree.id, folder: join(await placed(temporary, commit), "mesh") };
      log({
        level: "info",
        event: "commit fetched",
        commit,
        branch,
        objects: objects.count,
        bytes: bytes.length,
        milliseconds: Math.round(performance.now() - started),
      });
      return latest;
    } catch (error) {
      await removed(temporary);
      if (error instanceof Refusal) throw refused(error);
      throw error instanceof SourceError || signal.aborted ? error : onDisk(folder, error);
    }
  };

  if (token !== undefined && isReadableByOthers(repository))
    log({ level: "warn", event: "credentials are sent without TLS", repository: repository.href });
  return {
    fetched: (signal) =>
      timeLimit({ signal, milliseconds: timeoutMs, shown: repository.href }, async (within, breathe) => {
        const session = await openedSession({
          credentials: credentials(username, await token?.()),
          origin: repository.origin,
          caFile,
          proxyEnv,
          silenceMs,
          signal: within,
        });
        try {
          return await fetched(session, breathe, within);
        } finally {
          session.close();
        }
      }),
  };
};

/** The diagnostics of a revision are about the same things, in the same words. */
const refused = ({ diagnostic }: Refusal): SourceError => {
  const reason = diagnostic.code === "MESH0206" ? "gone" : diagnostic.code === "MESH0212" ? "disk" : "invalid";
  return new SourceError(reason, diagnostic.message);
};

/** As `git check-ref-format` has it. */
const branchName = (branch: string): string => {
  const isName =
    /^[^\s\p{Cc}~^:?*[\\]+$/u.test(branch) &&
    !/\.\.|\/\/|@\{|^[-/]|[/.]$|(?:^|\/)\.|\.lock(?:\/|$)|^@$/.test(branch) &&
    branch.length <= 1000;
  if (!isName) throw new SourceError("invalid", `${JSON.stringify(branch)} is no name of a branch`);
  return branch;
};

const meshPath = (path: string): string => {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (path.startsWith("/") || names.includes(".."))
    throw new SourceError("invalid", `${JSON.stringify(path)} is no folder within a repository`);
  return names.join("/");
};
