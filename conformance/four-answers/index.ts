import { readFile } from "node:fs/promises";
import type { Suite } from "../suite.ts";
import { compared, stale, toldDisagreement } from "./comparison.ts";
import { explanations, leaveOuts } from "./explained.ts";
import { questions } from "./questions.ts";
import { dataPlanes, identityOf, storedRecord, thisRun } from "./record.ts";
import { page, tableOf } from "./table.ts";

/** Where a data plane is broken it is so for many calls alike. */
const mostTold = 10;

/**
 * What `decide` says and what three data planes did in this run, call by call. It comes after the suites of all three and
 * says nothing of what another run has left.
 */
export const fourAnswers: Suite = async (verdicts) => {
  const stored = await Promise.all(dataPlanes.map(storedRecord));
  const records = stored.filter((record) => record?.run === thisRun).filter((record) => record !== undefined);
  const old = stale(records, identityOf(await questions()));
  for (const why of old) verdicts.fail("four answers", why);
  if (old.length > 0) return;
  const comparison = compared(records, { explanations, leaveOuts });
  for (const why of comparison.complaints) verdicts.fail("four answers", why);
  for (const one of comparison.disagreements.slice(0, mostTold))
    verdicts.fail(`four answers: ${one.mesh}`, toldDisagreement(one).join("\n     "));
  if (comparison.disagreements.length > mostTold)
    verdicts.fail("four answers", `differ for ${comparison.disagreements.length} calls in all`);
  for (const { why, met } of comparison.explained) verdicts.say(`explained: ${why}: ${met.length} calls`);
  const four = comparison.meshes.reduce((sum, mesh) => sum + mesh.four, 0);
  const explained = new Set(comparison.explained.flatMap(({ met }) => met)).size;
  if (comparison.complaints.length === 0 && comparison.disagreements.length === 0)
    verdicts.pass(`four answers: ${four} calls have all four, the same but for ${explained} that are explained`);
  if ((await readFile(page, "utf8")) === (await tableOf(comparison)))
    verdicts.pass("docs/four-answers.md is what was seen");
  else
    verdicts.fail(
      "docs/four-answers.md",
      "is not what was seen: node conformance/four-answers/generate.ts writes it anew",
    );
};
