import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import type { SharedSchemas } from "./shared-definitions.ts";

/**
 * The schemas as code that loads without ajv (compiling them takes a second, loading this a few milliseconds).
 * Returns file name → content. `origin` is printed as the header: each key and value one comment line.
 */
export function validatorsSource(
  { definitions, kinds: schemas }: SharedSchemas,
  origin: Readonly<Record<string, string>>,
): Readonly<Record<"validators.generated.js" | "validators.generated.d.ts", string>> {
  const ajv = new Ajv2020({
    code: { esm: true, source: true, optimize: 2 },
    allErrors: true,
    messages: false,
    strict: true,
    // The oneOf branches name fields that their parent declares; that is all strictRequired would complain about.
    strictRequired: false,
    strictTypes: true,
    allowUnionTypes: true,
    inlineRefs: false,
  });
  ajv.addSchema({ $id: "istio", $defs: definitions });
  const kinds = Object.keys(schemas);
  for (const [kind, schema] of Object.entries(schemas)) ajv.addSchema(schema, kind);
  const code = standalone.default(ajv, Object.fromEntries(kinds.map((kind) => [kind, kind])));
  const header = ["Generated file: do not edit.", ...Object.entries(origin).map(([key, value]) => `${key}: ${value}`)]
    .map((line) => `// ${line}\n`)
    .join("");
  // ajv's code asks for its runtime with `require`, which an ES module has not; this is all it needs.
  const length = /require\("ajv\/dist\/runtime\/ucs2length"\)\.default/g;
  const body = code.replace('"use strict";', "").replace(length, "codePoints");
  if (body.includes("require(")) throw new Error("the generated validators need a part of ajv's runtime");
  return {
    "validators.generated.js": `${header}function codePoints(text) {\n  let length = 0;\n  for (const _ of text) length++;\n  return length;\n}\n${body.replaceAll(";export ", ";\nexport ")}\n`,
    "validators.generated.d.ts": `${header}import type { Validator } from "./validator.ts";\n${kinds.map((kind) => `export declare const ${kind}: Validator;\n`).join("")}`,
  };
}
