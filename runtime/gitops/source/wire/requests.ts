import { nearest } from "../../../../lib/diagnostics/nearest.ts";
import { refusedAnswer } from "../http/failures.ts";
import type { Session } from "../http/session.ts";
import { SourceError } from "../source.ts";
import type { Advertisement } from "./advertisement.ts";
import { delimiter, flush, lineOf, packet, packets, type Packet } from "./packets.ts";
import { refusedInWords } from "./refused.ts";

const agent = "agent=meshwright";
const mostRefs = 2 ** 20;

/** The commit that a branch is at; in version 2 of the protocol, that is one small request. */
export const head = async (session: Session, server: Advertisement, branch: string): Promise<string> => {
  const { url, branches } = server;
  const at = (branches ?? (await listed(session, server, branch))).get(branch);
  if (at !== undefined) return at;
  const all = branches ?? (await listed(session, server, ""));
  if (all.size === 0) throw new SourceError("gone", `${url.href} has no commit yet`);
  const near = nearest(branch, all.keys());
  throw new SourceError(
    "gone",
    `${url.href} has no branch ${branch}${near === undefined ? "" : `; did you mean ${near}?`}`,
  );
};

/** Branches that begin so, by `ls-refs` (gitprotocol-v2). */
const listed = async (
  session: Session,
  server: Advertisement,
  prefix: string,
): Promise<ReadonlyMap<string, string>> => {
  const asked = [packet(`ref-prefix refs/heads/${prefix}\n`)];
  const found = new Map<string, string>();
  for await (const line of answered(session, server.url, command("ls-refs", server, asked), mostRefs)) {
    if (line === "flush") break;
    const [, id, name] =
      /^([0-9a-f]{40}) refs\/heads\/([^ ]+)/.exec(typeof line === "string" ? "" : lineOf(line)) ?? [];
    if (id !== undefined && name !== undefined) found.set(name, id);
  }
  return found;
};

const command = (name: string, { capabilities }: Advertisement, asked: readonly string[]): string =>
  [
    packet(`command=${name}\n`),
    ...(capabilities.has("agent") ? [packet(`${agent}\n`)] : []),
    ...(capabilities.has("object-format") ? [packet("object-format=sha1\n")] : []),
    delimiter,
    ...asked,
    flush,
  ].join("");

/** The pack with all that a commit consists of, and nothing of its history. */
export async function* pack(
  session: Session,
  server: Advertisement,
  commit: string,
  most: number,
): AsyncGenerator<Buffer> {
  const isVersion2 = server.branches === undefined;
  const lines = answered(
    session,
    server.url,
    isVersion2
      ? command("fetch", server, [
          packet("no-progress\n"),
          packet("ofs-delta\n"),
          packet("deepen 1\n"),
          packet(`want ${commit}\n`),
          packet("done\n"),
        ])
      : firstVersion(server, commit),
    // What the pack is wrapped in comes to a fifth of a percent.
    most + most / 64 + 2 ** 16,
  );
  let begun = false;
  let left = most;
  for await (const line of lines) {
    if (typeof line === "string") {
      if (begun && line === "flush") return;
      continue;
    }
    if (!begun) {
      // Before the pack stand the commits whose parents were left out, and in version 1 the word that nothing is shared.
      begun = isVersion2 ? lineOf(line) === "packfile" : lineOf(line) === "NAK";
      continue;
    }
    const bytes = line.subarray(1);
    if (line[0] === 3) throw refusedInWords(server.url, bytes.toString("utf8"), session.credentials);
    if (line[0] !== 1) continue;
    left -= bytes.length;
    if (left < 0) throw new SourceError("invalid", `${server.url.href} sends a pack that is larger than allowed`);
    yield bytes;
  }
  throw new SourceError("unreachable", `${server.url.href} broke off in the middle of the pack`);
}

/** As a client asks that has nothing yet (gitprotocol-pack). */
const firstVersion = ({ url, capabilities }: Advertisement, commit: string): string => {
  if (!capabilities.has("side-band-64k"))
    throw new SourceError("invalid", `${url.href} speaks an old protocol, without side-band-64k`);
  // Some servers refuse to talk to a client without multi_ack.
  const wanted = ["multi_ack_detailed", "no-done", "side-band-64k", "ofs-delta", "no-progress"];
  const spoken = wanted.filter((name) => capabilities.has(name));
  const said = [...spoken, ...(capabilities.has("agent") ? [agent] : [])].join(" ");
  const shallow = capabilities.has("shallow") ? packet("deepen 1\n") : "";
  return `${packet(`want ${commit} ${said}\n`)}${shallow}${flush}${packet("done\n")}`;
};

async function* answered(session: Session, url: URL, asked: string, most: number): AsyncGenerator<Packet, void> {
  const isVersion2 = asked.includes("command=");
  const answer = await session.asked({
    url: new URL(`${url.href}/git-upload-pack`),
    headers: {
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
      ...(isVersion2 && { "git-protocol": "version=2" }),
    },
    body: Buffer.from(asked),
    most,
  });
  if (answer.status !== 200) {
    answer.dropped();
    throw refusedAnswer(url.href, answer.status, answer.headers);
  }
  const type = answer.headers["content-type"] ?? "no type";
  if (!type.startsWith("application/x-git-upload-pack-result")) {
    answer.dropped();
    throw new SourceError("invalid", `${url.href} answers with ${session.credentials.told(type)} instead of a pack`);
  }
  for await (const line of packets(answer.body)) {
    if (typeof line !== "string" && line.subarray(0, 4).toString("latin1") === "ERR ")
      throw refusedInWords(url, lineOf(line), session.credentials);
    yield line;
  }
}
