/** Writes the validators of `schema.ts` as code: compiling schemas on every run would cost more than compiling the policies. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Ajv as AjvClass, Options } from "ajv";
import { configSchema, intentSchema } from "./schema.ts";

const require = createRequire(import.meta.url);
const Ajv = (require("ajv") as { readonly Ajv: new (options: Options) => AjvClass }).Ajv;
const standaloneCode = (
  require("ajv/dist/standalone") as { readonly default: (ajv: AjvClass, names: Record<string, string>) => string }
).default;

const ajv = new Ajv({
  schemas: [intentSchema, configSchema],
  code: { source: true, esm: true },
  allErrors: false,
  inlineRefs: false,
  strict: false,
  messages: false,
  verbose: false,
});
const header = "// Generated file: do not edit.\n// generator: compiler/shape/generate.ts, from schema.ts\n";
const code = standaloneCode(ajv, { intentValidator: "intent", configValidator: "config" });
if (/\brequire\(/.test(code)) throw new Error("the generated validators need ajv at run time");
const files = {
  "validators.generated.js": `${header}${code.replaceAll(";export ", ";\nexport ")}\n`,
  "validators.generated.d.ts": `${header}import type { Validator } from "./shape-violations.ts";\nexport declare const intentValidator: Validator;\nexport declare const configValidator: Validator;\n`,
};
const stale = Object.entries(files).filter(([name, text]) => {
  const file = new URL(name, import.meta.url);
  try {
    return readFileSync(file, "utf8") !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) throw new Error(`stale: ${stale.map(([name]) => name).join(", ")}; run npm run generate`);
} else for (const [name, text] of stale) writeFileSync(new URL(name, import.meta.url), text);
