import { brokenWords, writeWords } from "../rollout/text.ts";
import type { ShownDiff } from "./shown-diff.ts";

/** The number that `docs/diff.schema.json` describes; another one means that readers must look again. */
const version = 1;

/** A diff for programs: `docs/diff.schema.json` says what it holds. Every key is there but `rollout`, which is asked for; what is not known is null. */
export const diffJson = (diff: ShownDiff): string => {
  const { base, head, environment, summary, changes, refused, notes, rollout } = diff;
  const value = {
    version,
    base,
    head,
    environment: environment ?? null,
    changed: changes.length > 0,
    summary,
    refused,
    notes,
    ...(rollout && {
      rollout: {
        kind: rollout.kind,
        steps: rollout.steps.map(({ phase, writes }) => ({ phase, writes: writes.map(writeWords) })),
        why: rollout.kind === "unsafe" ? brokenWords(rollout) : rollout.kind === "unproved" ? rollout.why : null,
      },
    }),
    changes: changes.map(({ kind, subject, title, risks, sets, before, after, witness, causes }) => ({
      kind,
      subject,
      title,
      risks,
      sets: sets.map(({ who, callers, requests, tests }) => ({ who, callers, requests, tests })),
      before,
      after,
      witness: witness ?? null,
      causes: causes.map(({ revision, file, line, source }) => ({
        revision,
        file,
        line: line ?? null,
        source,
      })),
    })),
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
};
