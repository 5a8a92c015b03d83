/** `npm run check`: types, lint, format, layers, dead code, generated files, goldens; every one of them, even after one has failed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const modules = join(import.meta.dirname, "..", "node_modules");
const bin = (name: string): string => join(modules, ".bin", name);

const checks: readonly (readonly [name: string, command: string, ...args: readonly string[]])[] = [
  // By path: both TypeScript packages own the name `tsc`.
  ["types", process.execPath, join(modules, "@typescript", "native", "bin", "tsc"), "-p", "."],
  [
    "types of the page's script",
    process.execPath,
    join(modules, "@typescript", "native", "bin", "tsc"),
    "-p",
    "compiler/preview/page/browser",
  ],
  ["lint", bin("oxlint"), "--type-aware"],
  ["format", bin("prettier"), "--check", "--log-level", "warn", "."],
  [
    "layers",
    bin("depcruise"),
    "--output-type",
    "err",
    "lib",
    "compiler",
    "cli",
    "targets",
    "runtime",
    "golden",
    "conformance",
    "bench",
    "install",
    "scripts",
    "policies",
  ],
  ["dead code", bin("knip")],
  ["generated files", process.execPath, "compiler/shape/generate.ts", "--check"],
  ["the page's generated files", process.execPath, "compiler/preview/page/generate.ts", "--check"],
  ["the installation's generated files", process.execPath, "install/generate.ts", "--check"],
  ["goldens", process.execPath, "golden/update.ts", "--check"],
];

let failures = 0;
for (const [name, command, ...args] of checks) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", cwd: join(modules, "..") });
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
  if (status !== 0) {
    failures += 1;
    console.log(`${stdout}${stderr}`);
  }
}
console.log(`${checks.length - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
