import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { meshAtRevision, type MeshAtRevision } from "./index.ts";

/** Nothing of the machine's own settings reaches a fixture, so that it has the same ids everywhere. */
const environment = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
  GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z",
  GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z",
  GIT_ALLOW_PROTOCOL: "file",
  LC_ALL: "C",
};

export const temporary = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "meshwright-test-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A repository for one test. The `git` binary only makes fixtures, as users' repositories are made; what is tested never runs it. */
export interface Fixture {
  readonly folder: string;
  /** Runs `git` there; its trimmed output. */
  readonly git: (...args: readonly string[]) => string;
  /** Runs a shell script there. */
  readonly shell: (script: string, variables?: Readonly<Record<string, string>>) => string;
  readonly write: (files: Readonly<Record<string, string | Buffer>>) => void;
  /** Writes these files and commits all that is there; the commit's id. */
  readonly commit: (files: Readonly<Record<string, string | Buffer>>, message?: string) => string;
  /** Stores an object of any content; its id. */
  readonly object: (type: "blob" | "tree" | "commit" | "tag", content: string | Buffer) => string;
}

export const fixtureIn = (folder: string): Fixture => {
  const run = (command: string, args: readonly string[], input?: string | Buffer, more = {}): string =>
    execFileSync(command, args, {
      cwd: folder,
      env: { ...environment, ...more },
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      maxBuffer: 2 ** 28,
      ...(input !== undefined && { input }),
    }).trim();
  const git = (...args: readonly string[]): string => run("git", args);
  const write = (files: Readonly<Record<string, string | Buffer>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  return {
    folder,
    git,
    shell: (script, variables) => run("sh", ["-euc", script], undefined, variables),
    write,
    commit: (files, message = "change") => {
      write(files);
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message", message);
      return git("rev-parse", "HEAD");
    },
    object: (type, content) => run("git", ["hash-object", "-w", "--stdin", "--literally", "-t", type], content),
  };
};

export const repository = (...options: readonly string[]): Fixture => {
  const made = fixtureIn(temporary());
  made.git("init", "--quiet", "--initial-branch=main", ...options);
  return made;
};

/** A tree of any entries, which `git` itself would not make. */
export const treeOf = (
  { object }: Fixture,
  entries: readonly (readonly [mode: string, name: string | Buffer, id: string])[],
) =>
  object(
    "tree",
    Buffer.concat(
      entries.flatMap(([mode, name, id]) => [
        Buffer.from(`${mode} `),
        Buffer.from(name),
        Buffer.from([0]),
        Buffer.from(id, "hex"),
      ]),
    ),
  );

/** A commit of it. */
export const committed = (made: Fixture, tree: string): string => made.git("commit-tree", "-m", "hostile", tree);

export const config = "export default {};\n";

/** A repository with a mesh in `mesh/` and three commits, in which a.ts says 1, 2 and 3. */
export const threeCommits = (): Fixture & { readonly mesh: string; readonly ids: readonly string[] } => {
  const made = repository();
  const ids = [1, 2, 3].map((n) =>
    made.commit({ "mesh/mesh.config.ts": config, "mesh/a.ts": `export default ${n};\n`, "README.md": "x\n" }, `${n}`),
  );
  return { ...made, mesh: join(made.folder, "mesh"), ids };
};

/** The mesh at a revision, which must be there. */
export const found = async (folder: string, revision: string): Promise<MeshAtRevision> => {
  const { value, diagnostics } = await meshAtRevision(folder, revision);
  if (value === undefined) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  onTestFinished(() => value.remove());
  return value;
};

/** The one diagnostic that a revision gives. */
export const refused = async (folder: string, revision: string): Promise<Diagnostic> => {
  const { value, diagnostics } = await meshAtRevision(folder, revision);
  await value?.remove();
  if (value !== undefined || diagnostics.length !== 1) throw new Error(`${revision} was not refused`);
  return diagnostics[0]!;
};

export const textAt = async (folder: string, revision: string, file = "a.ts"): Promise<string> =>
  readFileSync(join((await found(folder, revision)).folder, file), "utf8");

/** Each example mesh of the project, for tests that compile. */
export const exampleMesh = (to: string): void =>
  cpSync(join(import.meta.dirname, "../../policies/bookinfo"), to, { recursive: true });
