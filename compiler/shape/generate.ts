/**
 * Writes validators as code: of `schema.ts`, because compiling schemas on every run would cost more than compiling the
 * policies; of the published schema of proxies' configuration, because a proxy brings no packages along.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Ajv as AjvClass, AnySchemaObject, Options } from "ajv";
import { configSchema, intentSchema } from "./schema.ts";

const require = createRequire(import.meta.url);
const Ajv = (require("ajv") as { readonly Ajv: new (options: Options) => AjvClass }).Ajv;
const standaloneCode = (
  require("ajv/dist/standalone") as { readonly default: (ajv: AjvClass, names: Record<string, string>) => string }
).default;

const options: Options = {
  code: { source: true, esm: true },
  allErrors: false,
  inlineRefs: false,
  strict: false,
  messages: false,
  verbose: false,
};
const header = (source: string): string =>
  `// Generated file: do not edit.\n// generator: compiler/shape/generate.ts, from ${source}\n`;
const code = (ajv: AjvClass, names: Record<string, string>): string => {
  const text = standaloneCode(ajv, names);
  const [needed] = /require\("[^"]*"\)/.exec(text) ?? [];
  if (needed !== undefined)
    throw new Error(
      `the validators of ${Object.values(names).join(" and ")} need ajv at run time, ${needed}: leave out the keyword that asks for it (\`maxLength\`, \`uniqueItems\`, \`format\`)`,
    );
  return `${text.replaceAll(";export ", ";\nexport ")}\n`;
};
const root = new URL("../../", import.meta.url);
const published = "docs/proxy-config.schema.json";
const proxyConfig = JSON.parse(readFileSync(new URL(published, root), "utf8")) as AnySchemaObject;
const files = {
  "compiler/shape/validators.generated.js": `${header("schema.ts")}${code(new Ajv({ ...options, schemas: [intentSchema, configSchema] }), { intentValidator: "intent", configValidator: "config" })}`,
  "compiler/shape/validators.generated.d.ts": `${header("schema.ts")}import type { Validator } from "./shape-violations.ts";\nexport declare const intentValidator: Validator;\nexport declare const configValidator: Validator;\n`,
  "targets/native/validate.generated.js": `${header(published)}${code(new Ajv({ ...options, messages: true, strictNumbers: true, schemas: [proxyConfig] }), { proxyConfigValidator: String(proxyConfig["$id"]) })}`,
  "targets/native/validate.generated.d.ts": `${header(published)}import type { Validator } from "./config-shape.ts";\nexport declare const proxyConfigValidator: Validator;\n`,
};
const stale = Object.entries(files).filter(([name, text]) => {
  const file = new URL(name, root);
  try {
    return readFileSync(file, "utf8") !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) throw new Error(`stale: ${stale.map(([name]) => name).join(", ")}; run npm run generate`);
} else for (const [name, text] of stale) writeFileSync(new URL(name, root), text);
