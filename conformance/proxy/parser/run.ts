/**
 * `node conformance/proxy/parser/run.ts [--seed N] [--record]`: the parser's checks alone. `MESHWRIGHT_CASES` says how many
 * mutations; `--record` writes what every system made of every case to `readings.txt`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parserChecks } from "./checks.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" }, record: { type: "boolean" } } });
const said: string[] = [];
const result = { passed: 0, failed: 0 };
await parserChecks(
  {
    pass: (what) => {
      result.passed += 1;
      if (what !== undefined) console.log(`ok   ${what}`);
    },
    fail: (what, why) => {
      result.failed += 1;
      console.log(`FAIL ${what}: ${why}`);
    },
    skip: (what, why) => console.log(`skip ${what}: ${why}`),
    say: (line) => {
      said.push(line.trimEnd());
      console.log(line);
    },
  },
  { seed: Number(values.seed) },
);
if (values.record) writeFileSync(join(import.meta.dirname, "readings.txt"), `${said.join("\n")}\n`);
console.log(`${result.passed} passed, ${result.failed} failed`);
process.exit(result.failed > 0 ? 1 : 0);
