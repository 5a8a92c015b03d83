/** `npm run golden`: writes what the examples compile to; read the difference before you commit it. `--check` only looks. */
import { committed, made, update } from "./goldens.ts";

if (process.argv.includes("--check")) {
  const [wanted, found] = [await made(), await committed()];
  const paths = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  const stale = paths.filter((path) => wanted.get(path) !== found.get(path));
  for (const path of stale)
    process.stdout.write(`golden/${path} is not what the examples compile to; \`npm run golden\` writes it\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else await update();
