import { entry, list } from "./entry.ts";

/** MESH02xx: the mesh as a commit had it, read from Git. */
export const revisionCodes = {
  MESH0200: entry<{ readonly folder: string; readonly reason: string | undefined }>({
    severity: "error",
    name: "a-mesh-lies-in-a-git-repository",
    message: ({ folder, reason }) => `${folder} lies in no Git repository${reason === undefined ? "" : `: ${reason}`}`,
    fix: () => "run the command in a clone of the repository that holds the mesh",
  }),
  MESH0201: entry<{ readonly written: string; readonly why: string }>({
    severity: "error",
    name: "a-revision-names-one-commit",
    message: ({ written, why }) => `${JSON.stringify(written)} is not read as a revision: ${why}`,
    fix: () =>
      "write a branch, a tag, a remote branch (`origin/main`), the id of a commit or `HEAD`; behind it `~2` or `^` for an ancestor",
  }),
  MESH0202: entry<{
    readonly written: string;
    readonly why: string | undefined;
    readonly near: string | undefined;
    readonly shallow: boolean;
  }>({
    severity: "error",
    name: "a-revision-is-in-the-repository",
    message: ({ written, why, near }) =>
      `there is no revision \`${written}\`${why === undefined ? "" : `: ${why}`}${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
    fix: ({ near, shallow }) =>
      near !== undefined
        ? `write \`${near}\``
        : shallow
          ? "fetch it: this clone is shallow and holds few branches (`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab)"
          : "correct the name, or fetch it (`git fetch origin`)",
  }),
  MESH0203: entry<{ readonly written: string; readonly candidates: readonly string[] }>({
    severity: "error",
    name: "an-abbreviated-id-means-one-commit",
    message: ({ written, candidates }) => `\`${written}\` is the beginning of ${list(candidates)}`,
    fix: () => "write more of the id",
  }),
  MESH0204: entry<{ readonly written: string }>({
    severity: "error",
    name: "a-revision-is-fetched",
    message: ({ written }) => `\`${written}\` lies beyond what this shallow clone holds`,
    fix: () =>
      "fetch more of the history: `git fetch --deepen=100`, in CI `fetch-depth: 0` (GitHub) or `GIT_DEPTH: 0` (GitLab)",
  }),
  MESH0205: entry<{ readonly what: string; readonly written: string; readonly commit: string }>({
    severity: "error",
    name: "the-files-of-a-revision-are-fetched",
    message: ({ what, written }) => `this partial clone does not hold ${what} of \`${written}\``,
    fix: ({ commit }) => `fetch it (\`git archive ${commit} > /dev/null\` does), or clone without \`--filter\``,
  }),
  MESH0206: entry<{ readonly written: string; readonly commit: string; readonly why: string }>({
    severity: "error",
    name: "a-revision-has-the-mesh",
    message: ({ written, commit, why }) => `\`${written}\` (${commit}) has no such mesh: ${why}`,
    fix: () => "name a revision that has the mesh folder, with its mesh.config.ts, at the place where it is now",
  }),
  MESH0207: entry<{ readonly format: string }>({
    severity: "error",
    name: "a-repository-has-a-known-format",
    message: ({ format }) => `the repository ${format}, which cannot be read yet`,
    fix: () => "clone it into a repository with SHA-1 ids and refs in files",
  }),
  MESH0208: entry<{ readonly object: string; readonly reason: string }>({
    severity: "error",
    name: "an-object-can-be-read",
    message: ({ object, reason }) => `cannot read the Git object ${object}: ${reason}`,
    fix: () => "`git fsck` tells what is damaged; a fresh clone holds it whole",
  }),
  MESH0209: entry<{ readonly path: string; readonly why: string }>({
    severity: "error",
    name: "a-committed-name-is-a-file-name",
    message: ({ path, why }) => `the revision holds ${JSON.stringify(path)}, which is not written to disk: ${why}`,
    fix: () => "rename it in a commit, and compare with that one",
  }),
  MESH0210: entry<{ readonly path: string; readonly written: string }>({
    severity: "error",
    name: "a-mesh-is-in-one-repository",
    message: ({ path, written }) =>
      `in \`${written}\`, ${path} is a submodule: its files are in a repository of their own`,
    fix: () => "compare within the submodule, or name a revision in which the folder holds files",
  }),
  MESH0211: entry<{ readonly written: string; readonly what: string }>({
    severity: "error",
    name: "a-revision-has-a-size",
    message: ({ written, what }) => `the mesh folder of \`${written}\` has ${what}`,
    fix: () => "keep what is no policy out of the mesh folder",
  }),
  MESH0212: entry<{ readonly folder: string; readonly reason: string }>({
    severity: "error",
    name: "a-revision-can-be-laid-out",
    message: ({ folder, reason }) => `the revision cannot be written to a temporary folder in ${folder}: ${reason}`,
    fix: () => "make room, or let TMPDIR name a folder of yours outside of the work tree",
  }),
  MESH0213: entry<{ readonly written: string; readonly errors: number }>({
    severity: "error",
    name: "a-base-compiles",
    message: ({ written, errors }) =>
      `\`${written}\` does not compile, so nothing can be compared with it: ${errors} error${errors === 1 ? "" : "s"}, as follows`,
    fix: () => "compare with a revision that compiles; this compiler reads it, whichever version wrote it",
  }),
};
