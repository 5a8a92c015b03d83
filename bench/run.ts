// One script per claim about speed or memory: node bench/run.ts NAME [--json]
import { parseArgs } from "node:util";
import type { Bench } from "./result.ts";

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  compile: async () => (await import("./compile/compile.ts")).compileBench,
  diff: async () => (await import("./diff/diff.ts")).diffBench,
  proxy: async () => (await import("./proxy/proxy.ts")).proxyBench,
  sync: async () => (await import("./sync/sync.ts")).syncBench,
  xds: async () => (await import("./xds/xds.ts")).xdsBench,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const [name, ...rest] = positionals;
const load = name !== undefined && Object.hasOwn(benches, name) ? benches[name] : undefined;
if (load === undefined || rest.length > 0) {
  console.error(`usage: node bench/run.ts <${Object.keys(benches).join(" | ")}> [--json]`);
  process.exit(2);
}
const bench = await load();
const result = await bench();
if (values.json) console.log(JSON.stringify(result));
process.exitCode = result.ok ? 0 : 1;
