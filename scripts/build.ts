/** `npm run build`: what is published, in dist/: JavaScript and types of lib, compiler, cli and targets, and what they load. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules", "@typescript", "native", "bin", "tsc"), "-p", join(root, "tsconfig.build.json")],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(1);
for (const file of globSync("{lib,compiler,cli,targets}/**/*.{generated.js,generated.json,generated.d.ts,js,mjs,cjs}", {
  cwd: root,
})) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  copyFileSync(join(root, file), join(dist, file));
}
chmodSync(join(dist, "cli", "mesh-compile.js"), 0o755);
