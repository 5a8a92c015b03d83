import type { Credentials } from "../http/credentials.ts";
import { SourceError } from "../source.ts";

/** What a Git server says in words when it does not do as asked. */
export const refusedInWords = (url: URL, said: string, credentials: Credentials): SourceError => {
  const words = credentials.told(said.replace(/^ERR /, ""));
  const reason = /not found|does not exist|no such|not exported|not our ref/i.test(words)
    ? "gone"
    : /denied|forbidden|unauthori[sz]ed|permission/i.test(words)
      ? "denied"
      : "invalid";
  return new SourceError(reason, `${url.href} refuses: ${words}`);
};
