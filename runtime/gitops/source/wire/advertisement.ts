import { refusedAnswer } from "../http/failures.ts";
import type { Answer, Session } from "../http/session.ts";
import { SourceError } from "../source.ts";
import { lineOf, packets } from "./packets.ts";
import { refusedInWords } from "./refused.ts";

const service = "git-upload-pack";

/** What a server says of itself before it is asked anything. */
export interface Advertisement {
  /** The repository's address, after redirects. */
  readonly url: URL;
  /** By name; what it says of each, "" where that is nothing. */
  readonly capabilities: ReadonlyMap<string, string>;
  /** Branches and their commits, which servers tell at once that do not speak version 2. */
  readonly branches: ReadonlyMap<string, string> | undefined;
}

const mostRedirects = 5;
/** A repository with a hundred thousand tags says 7 MiB. */
const mostAdvertised = 32 * 2 ** 20;

export const advertised = async (session: Session, repository: URL): Promise<Advertisement> => {
  let url = new URL(`${repository.href}/info/refs?service=${service}`);
  for (let left = mostRedirects; left > 0; left -= 1) {
    const answer = await session.asked({ url, headers: { "git-protocol": "version=2" }, most: mostAdvertised });
    if (![301, 302, 303, 307, 308].includes(answer.status)) return read(session, repository, url, answer);
    answer.dropped();
    url = redirected(url, answer.headers.location);
  }
  throw new SourceError("invalid", `${repository.href} redirects more than ${mostRedirects} times`);
};

/** Where a redirect leads, if that is a repository again: the rest of the talk goes there. */
const redirected = (from: URL, location: string | undefined): URL => {
  const shown = `${from.origin}${from.pathname}`;
  let to: URL;
  try {
    to = new URL(location ?? "", from);
  } catch {
    throw new SourceError("invalid", `${shown} redirects to what is no URL`);
  }
  if (from.protocol === "https:" && to.protocol !== "https:")
    throw new SourceError("invalid", `${shown} redirects to an address without TLS`);
  if (to.username !== "" || to.password !== "" || !/^https?:$/.test(to.protocol))
    throw new SourceError("invalid", `${shown} redirects to no repository`);
  if (!to.pathname.endsWith("/info/refs") || to.search !== `?service=${service}`)
    throw new SourceError(
      "denied",
      `${shown} redirects to another page of ${to.origin}, as servers do to ask for a sign-in`,
    );
  return to;
};

const read = async (session: Session, repository: URL, asked: URL, answer: Answer): Promise<Advertisement> => {
  const url = new URL(asked.href.slice(0, asked.href.lastIndexOf("/info/refs")));
  if (answer.status !== 200) {
    answer.dropped();
    const refused = refusedAnswer(url.href, answer.status, answer.headers);
    if (refused.reason !== "denied" || url.origin === repository.origin) throw refused;
    throw new SourceError(
      "denied",
      `${refused.message}; ${repository.href} redirects there, and credentials go to ${repository.origin} alone`,
    );
  }
  const type = answer.headers["content-type"] ?? "no type";
  if (!type.startsWith(`application/x-${service}-advertisement`)) {
    answer.dropped();
    throw new SourceError(
      "invalid",
      `${url.href} answers with ${session.credentials.told(type)}: no Git server that speaks the smart protocol is there`,
    );
  }
  const capabilities = new Map<string, string>();
  const branches = new Map<string, string>();
  let isVersion2 = false;
  let isFirst = true;
  let isGit = false;
  for await (const line of packets(answer.body)) {
    if (typeof line === "string") {
      if (isVersion2 && line === "flush") break;
      continue;
    }
    const text = lineOf(line);
    if (text.startsWith("ERR ")) throw refusedInWords(url, text, session.credentials);
    if (text === "version 2") isVersion2 = true;
    else if (isVersion2) noteCapability(capabilities, text);
    // What follows is nothing where the repository has no commit yet.
    else if (text === `# service=${service}`) isGit = true;
    else if (isFirst && text !== "version 1") {
      isFirst = false;
      const [ref = "", said = ""] = text.split("\0");
      for (const capability of said.split(" ")) noteCapability(capabilities, capability);
      noteBranch(branches, ref);
    } else noteBranch(branches, text);
  }
  if (!isVersion2 && !isGit && isFirst)
    throw new SourceError("invalid", `${url.href} answers with nothing that a Git server says`);
  const format = capabilities.get("object-format") ?? "sha1";
  if (format !== "sha1")
    throw new SourceError("invalid", `${url.href} has ${session.credentials.told(format)} ids; only SHA-1 is read`);
  return { url, capabilities, branches: isVersion2 ? undefined : branches };
};

const noteCapability = (capabilities: Map<string, string>, text: string): void => {
  const cut = text.indexOf("=");
  const [name, value] = cut < 0 ? [text, ""] : [text.slice(0, cut), text.slice(cut + 1)];
  if (name !== "" && capabilities.size < 1000) capabilities.set(name, value);
};

const noteBranch = (branches: Map<string, string>, text: string): void => {
  const found = /^([0-9a-f]{40}) refs\/heads\/(.+)$/.exec(text);
  if (found) branches.set(found[2]!, found[1]!);
};
