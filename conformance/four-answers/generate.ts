/** `node conformance/four-answers/generate.ts`: docs/four-answers.md from what the suites left last on this machine. */
import { writeFile } from "node:fs/promises";
import { compared, stale } from "./comparison.ts";
import { explanations, leaveOuts } from "./explained.ts";
import { questions } from "./questions.ts";
import { dataPlanes, identityOf, storedRecord } from "./record.ts";
import { page, tableOf } from "./table.ts";

const records = (await Promise.all(dataPlanes.map(storedRecord))).filter((record) => record !== undefined);
const old = stale(records, identityOf(await questions()));
if (old.length > 0) {
  console.error(`${old.join("\n")}\n\`npm run conformance\` makes new ones`);
  process.exit(1);
}
await writeFile(page, await tableOf(compared(records, { explanations, leaveOuts })));
