/** `node conformance/sync/traffic/run.ts`: rollouts under traffic without the rest of the suite. */
import { trafficChecks } from "./index.ts";

let failed = 0;
await trafficChecks({
  pass: (what) => console.log(`ok   ${what ?? ""}`),
  fail: (what, why) => {
    failed += 1;
    console.log(`FAIL ${what}: ${why}`);
  },
  skip: (what, why) => console.log(`skip ${what}: ${why}`),
  say: (line) => console.log(line),
});
process.exit(failed > 0 ? 1 : 0);
