/**
 * `npm run build`: what is published, in dist/: the command as one bundle with its lazily loaded parts, and beside it what
 * is read or run as files of its own: the library that policies import, and the sandbox.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const commands = ["mesh-compile", "mesh-control", "mesh-proxy", "mesh-sync"];
/** Run as threads, by their paths. */
const threads = ["runtime/gitops/planner/thread"];
rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules", "@typescript", "native", "bin", "tsc"), "-p", join(root, "tsconfig.build.json")],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(1);
for (const file of globSync(
  "{lib,compiler,cli,targets,runtime}/**/*.{generated.js,generated.json,generated.d.ts,js,mjs,cjs}",
  {
    cwd: root,
  },
)) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  copyFileSync(join(root, file), join(dist, file));
}

// A hundred small files cost more to find than to run. Commander comes along, with its licence; other packages stay outside.
const bundle = await rolldown({
  input: Object.fromEntries(
    [...commands.map((name) => `cli/${name}`), ...threads].map((path) => [path, join(dist, `${path}.js`)]),
  ),
  platform: "node",
  external: (id) => /^node:|\/installation\.js$/.test(id) || (/^[@\w]/.test(id) && id !== "commander"),
});
const bundled = join(root, "dist.bundled");
await bundle.write({ dir: bundled, format: "esm", chunkFileNames: "cli/chunks/[name]-[hash].js" });
for (const kept of ["lib/intent", "lib/graph", "lib/diagnostics", "compiler/load/sandbox"]) {
  mkdirSync(dirname(join(bundled, kept)), { recursive: true });
  renameSync(join(dist, kept), join(bundled, kept));
}
for (const kept of ["js", "d.ts"])
  renameSync(
    join(dist, "compiler", "load", `installation.${kept}`),
    join(bundled, "compiler", "load", `installation.${kept}`),
  );
copyFileSync(join(root, "node_modules", "commander", "LICENSE"), join(bundled, "cli", "chunks", "LICENSE.commander"));
rmSync(dist, { recursive: true });
renameSync(bundled, dist);
for (const name of commands) chmodSync(join(dist, "cli", `${name}.js`), 0o755);
