import { join, relative } from "node:path";
import type { Cause, Change, MeshChanges, Risk } from "../../compiler/diff/change.ts";
import type { ShownCause, ShownDiff } from "../../compiler/preview/diff/shown-diff.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import { explainCommand } from "../explain/command.ts";
import type { Base } from "./base.ts";

interface Head {
  readonly mesh: string;
  readonly env?: string;
  readonly spansOf: (origins: readonly Origin[]) => Promise<ReadonlyMap<Origin, Span>>;
}

/** What a diff shows: causes by file and line, witnesses as commands. Each revision is evaluated once more, if it is named. */
export const shownDiff = async (
  { summary, changes }: MeshChanges,
  {
    head,
    base,
    failOn,
    fromTop,
  }: { readonly head: Head; readonly base: Base; readonly failOn: readonly Risk[]; readonly fromTop: boolean },
): Promise<ShownDiff> => {
  const spans = await causeSpans(changes, head, base);
  const headFolder = fromTop && base.prefix !== undefined ? base.prefix : relative(process.cwd(), head.mesh);
  const shownCause = ({ revision, origin }: Cause): ShownCause => {
    const span = spans.get(origin);
    const file = span?.file ?? origin.module;
    const isOfMesh = file.endsWith(".ts");
    return {
      revision,
      file: isOfMesh ? (revision === "base" ? `${base.filePrefix}${file}` : join(headFolder, file)) : file,
      line: span?.line,
      source: span?.sourceLine.trim() ?? "",
    };
  };
  const options = [
    ...(head.mesh === "." ? [] : ["--mesh", head.mesh]),
    ...(head.env === undefined ? [] : ["--env", head.env]),
  ];
  const found = new Set(changes.flatMap(({ risks }) => risks));
  return {
    base: base.name,
    head: head.mesh,
    environment: head.env,
    summary,
    changes: changes.map((change) => {
      const { witness, causes, kind, subject, title, risks, sets, before, after } = change;
      return {
        kind,
        subject,
        title,
        risks,
        sets,
        before,
        after,
        witness: witness && { call: witness, command: explainCommand(witness, options) },
        causes: distinct(causes.map(shownCause)),
      };
    }),
    // What could not be worked out could be any of them.
    refused: failOn.filter((risk) => found.has(risk) || found.has("unproved")),
    notes: base.notes,
  };
};

const causeSpans = async (changes: readonly Change[], head: Head, base: Base): Promise<ReadonlyMap<Origin, Span>> => {
  const of = (revision: Cause["revision"]): readonly Origin[] =>
    changes.flatMap(({ causes }) => causes.filter((cause) => cause.revision === revision).map(({ origin }) => origin));
  const located = async (origins: readonly Origin[], { spansOf }: Pick<Head, "spansOf">) =>
    origins.length === 0 ? new Map<Origin, Span>() : spansOf(origins);
  const found = await Promise.all([located(of("head"), head), located(of("base"), base)]);
  return new Map(found.flatMap((spans) => [...spans]));
};

const distinct = (causes: readonly ShownCause[]): readonly ShownCause[] => [
  ...new Map(causes.map((cause) => [`${cause.revision} ${cause.file} ${cause.line}`, cause])).values(),
];
