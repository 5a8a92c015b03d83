import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { isDnsLabel } from "../lib/graph/kubernetes-name.ts";
import { exitCode } from "./exit-code.ts";

/** `mesh-compile init`: what a repository needs before its first policy. */
export const initCommand = (): Command =>
  new Command("init")
    .description("write what a mesh folder begins with: mesh.config.ts, tsconfig.json for the editor, .gitignore")
    .argument("[namespace...]", "namespaces to write policies for, each in a folder of its name", namespaces, [])
    .option("--mesh <folder>", "the mesh folder", ".")
    .action(async (names: readonly string[], { mesh }: { readonly mesh: string }) => {
      const { policyCompilerOptions } = await import("../compiler/load/index.ts");
      const compilerOptions = { ...policyCompilerOptions, paths: { "#graph/*": ["./graph/*.ts"] } };
      const files = {
        "mesh.config.ts": config(names),
        "tsconfig.json": `${JSON.stringify({ compilerOptions, include: ["**/*.ts"] }, undefined, 2)}\n`,
        ".gitignore": "node_modules/\n/out/\n",
      };
      await mkdir(mesh, { recursive: true });
      for (const [name, text] of Object.entries(files)) {
        const path = join(mesh, name);
        try {
          await writeFile(path, text, { flag: "wx" });
          process.stdout.write(`${path} written\n`);
        } catch (error) {
          const { code, message } = error as NodeJS.ErrnoException;
          if (code === "EEXIST") process.stdout.write(`${path} is there already\n`);
          else {
            process.stderr.write(`error: cannot write ${path}: ${message}\n`);
            process.exitCode = exitCode.errors;
            return;
          }
        }
      }
      const at = mesh === "." ? "" : ` --mesh ${mesh}`;
      const policies = names.length === 0 ? mesh : join(mesh, names[0] ?? "");
      process.stdout.write(
        `Next: \`npx mesh-compile graph sync${at} MANIFESTS…\`, then a policy, such as ${join(policies, "SERVICE.ts")}, then \`npx mesh-compile check${at}\`.\n`,
      );
    });

/** Nothing that runs today is refused by these defaults; they are the first thing to tighten. */
const config = (names: readonly string[]): string => `import { mesh } from "meshwright";

export default mesh({
  // Which namespaces the policies in a folder may speak for; "." is this folder.
  folders: { ${(names.length === 0 ? [[".", "default"]] : names.map((name) => [name, name]))
    .map(([folder, name]) => `${JSON.stringify(folder)}: [${JSON.stringify(name)}]`)
    .join(", ")} },
  // Where a policy says nothing: plain text is still accepted, and anyone may call.
  defaults: { mtls: "permissive", access: "anyone" },
});
`;

const namespaces = (name: string, others: readonly string[]): readonly string[] => {
  if (!isDnsLabel(name)) throw new InvalidArgumentError("It is no name of a namespace.");
  return [...others, name];
};
