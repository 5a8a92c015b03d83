/**
 * `npm test [-- --nightly] [-- FILTER…]`: the tests. At night, properties that say of every call what `decide` says are
 * tried on 100,000 cases instead of 5,000.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const given = process.argv.slice(2);
const vitest = join(import.meta.dirname, "..", "node_modules", "vitest", "vitest.mjs");
const isNightly = given.includes("--nightly");
const parameters = [
  "run",
  ...(isNightly ? ["--testTimeout", "3600000"] : []),
  ...given.filter((parameter) => parameter !== "--nightly"),
];
const { status } = spawnSync(process.execPath, [vitest, ...parameters], {
  stdio: "inherit",
  env: { ...process.env, ...(isNightly && { MESHWRIGHT_CASES: "100000" }) },
});
process.exitCode = status ?? 1;
