import { diagnostic, type Code, type ParametersOf } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";

/** Ends the reading of a repository wherever it stands; `index.ts` catches it, so that nobody outside sees a throw. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;

  constructor(found: Diagnostic) {
    super(found.message);
    this.diagnostic = found;
  }
}

export const refusal = <C extends Code>(code: C, parameters: ParametersOf<C>): Refusal =>
  new Refusal(diagnostic(code, parameters));

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENAMETOOLONG: "a name is too long for the file system",
  ENOENT: "no such file or folder",
  ERR_FS_FILE_TOO_LARGE: "its pack is larger than 2 GiB",
};

/** What went wrong in words without paths. */
export const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : reasons[code]) ?? message;
};
