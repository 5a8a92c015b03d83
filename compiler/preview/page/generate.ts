/** Writes the page's scripts and styles as one module: the command is a bundle, and a page is made without reading a file. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

const here = import.meta.dirname;
const bundled = async (...entry: readonly string[]): Promise<string> => {
  const bundle = await rolldown({ input: join(here, "browser", ...entry), platform: "browser" });
  const { output } = await bundle.generate({ format: "iife", minify: true });
  return output[0].code.trim();
};
const styled = (...names: readonly string[]): string =>
  names
    .map((name) => readFileSync(join(here, "browser", "style", `${name}.css`), "utf8"))
    .join("")
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s*\n\s*/g, " ")
    .trim();
const [script, liveScript] = [await bundled("main.ts"), await bundled("live", "main.ts")];
// The later ones say what differs: by view and by zoom, on a small screen, on paper.
const common = ["frame", "graph", "comparison", "panel"];
const [style, liveStyle] = [styled(...common, "media"), styled(...common, "live", "media")];
for (const text of [script, style, liveScript, liveStyle])
  if (/<\/(script|style)|<!--|https?:(?!\/\/www\.w3\.org\/)/i.test(text))
    throw new Error("the page's assets end their own element, or name an address");

const hash = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const values = {
  script,
  scriptHash: hash(script),
  style,
  styleHash: hash(style),
  liveScript,
  liveScriptHash: hash(liveScript),
  liveStyle,
  liveStyleHash: hash(liveStyle),
};
const header =
  "// Generated file: do not edit.\n// generator: compiler/preview/page/generate.ts, from browser/main.ts and browser/style\n";
const files = {
  "assets.generated.js": `${header}${Object.entries(values)
    .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};\n`)
    .join("")}`,
  "assets.generated.d.ts": `${header}${Object.keys(values)
    .map((name) => `export declare const ${name}: string;\n`)
    .join("")}`,
};
const stale = Object.entries(files).filter(([name, text]) => {
  try {
    return readFileSync(join(here, name), "utf8") !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) throw new Error(`stale: ${stale.map(([name]) => name).join(", ")}; run npm run generate`);
} else for (const [name, text] of stale) writeFileSync(join(here, name), text);
