/** `node conformance/proxy/parser/run.ts [--seed N]`: the parser's checks alone; `MESHWRIGHT_CASES` says how many mutations. */
import { parseArgs } from "node:util";
import { parserChecks } from "./checks.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });
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
    say: (line) => console.log(line),
  },
  { seed: Number(values.seed) },
);
console.log(`${result.passed} passed, ${result.failed} failed`);
process.exit(result.failed > 0 ? 1 : 0);
