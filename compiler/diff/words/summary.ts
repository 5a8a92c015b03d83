import type { Change } from "../change.ts";
import { everyRequest, listed } from "./requests.ts";

export const nothingChanges = "no change in meaning";

/** What a change means, most important first, one sentence each: what a reviewer reads if they read nothing else. */
export const summary = (changes: readonly Change[]): readonly string[] => {
  if (changes.length === 0) return [nothingChanges];
  const edges = { opens: [] as string[], closes: [] as string[] };
  const sentences: string[] = [];
  const byScope = new Set<string>();
  const alike = new Map<string, string[]>();
  for (const change of changes) {
    const { kind, subject, title, sets } = change;
    if (change.isWhole) {
      const opens = change.risks.includes("opens-access");
      for (const { from, requests } of sets)
        for (const caller of from)
          edges[opens ? "opens" : "closes"].push(`${caller} → ${bare(subject)}${onSome(requests)}`);
    } else if (kind === "routing" || kind === "resilience" || kind === "headers" || kind === "tls")
      sentences.push(`${bare(subject)}: ${title} for ${audience(change)}`);
    else if (kind === "scope") byScope.add(`${bare(subject)} ${title}`);
    else if (kind === "answer") alike.set(title, [...(alike.get(title) ?? []), bare(subject)]);
    else sentences.push(`${bare(subject)}: ${title}`);
  }
  return [
    ...(edges.opens.length > 0 ? [`${counted(edges.opens.length, "new edge")} allowed: ${some(edges.opens)}`] : []),
    ...(edges.closes.length > 0 ? [`${counted(edges.closes.length, "edge")} denied: ${some(edges.closes)}`] : []),
    ...sentences,
    ...byScope,
    ...[...alike].map(([title, subjects]) => `${listed([...new Set(subjects)], "and")}: ${title}`),
  ];
};

/** Without namespaces: the changes themselves have them. */
const bare = (subject: string): string => subject.replaceAll(/[\w.-]+\/(?=[\w.-])/g, "");

const onSome = (requests: readonly string[]): string =>
  requests.length === 1 && requests[0] === everyRequest ? "" : ` (${requests.slice(0, 2).join("; ")})`;

/** "everyone", or whose requests and which. */
const audience = ({ sets }: Change): string => {
  const words = sets.map(({ who, requests }) => {
    const joined = requests.join(" or ");
    if (joined === everyRequest) return who;
    const which = /^with(?:out)? /.test(joined) ? `requests ${joined}` : joined;
    return who === "everyone" ? which : `${who}, ${which}`;
  });
  return words.length > 3 ? `${words.slice(0, 2).join("; ")} and others` : words.join("; ");
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const some = (all: readonly string[]): string =>
  all.length > 6 ? `${all.slice(0, 5).join(", ")} and ${all.length - 5} more` : all.join(", ");
