import { spawn } from "node:child_process";
import { realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, sep } from "node:path";
import { temporaryFolder } from "../../temporary-folder.ts";
import { libraryEntry } from "../library.ts";
import { configModule, type MeshFolder } from "../mesh-folder.ts";
import { confined } from "../sandbox/confined.ts";
import { watched, type Bounds } from "../sandbox/watch.ts";

/** One error of the type checker. */
export interface TypeProblem {
  /** Absent for what has no place in the mesh folder. */
  readonly at?: { readonly module: string; /** One-based. */ readonly line: number; readonly column: number };
  /** `TS2322`. */
  readonly code: string;
  /** The following lines say why, indented. */
  readonly text: string;
}

export interface TypeChecked {
  readonly problems: readonly TypeProblem[];
  /** Types were read from files that are no modules of the mesh folder. */
  readonly strayed: boolean;
  /** Why the check came to no end. */
  readonly stopped?: string;
}

/**
 * How policies are typed: strictly, without the globals of any platform, and with nothing but erasable syntax. An
 * editor's tsconfig.json says the same, with `paths` of its own.
 */
export const policyCompilerOptions = {
  target: "esnext",
  lib: ["esnext"],
  types: [],
  module: "esnext",
  moduleResolution: "bundler",
  moduleDetection: "force",
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
} as const;

/** What the compiler itself takes while types are checked, and what is too little for any check. */
const besideMegabytes = 768;
const leastMegabytes = 512;
const mostMegabytes = 8192;

export interface TypeCheckBounds extends Bounds {
  /** They are what the memory of this process's container leaves. */
  readonly constrained?: boolean;
}

/**
 * Bounds for a process whose memory is limited to so many bytes, 0 where it is not: in a container the checker has to be
 * ended before the container is.
 */
export const typeCheckBounds = (constrainedBytes: number): TypeCheckBounds => {
  const left = Math.max(leastMegabytes, Math.floor(constrainedBytes / 1e6) - besideMegabytes);
  const constrained = constrainedBytes > 0 && left < mostMegabytes;
  return { seconds: 300, megabytes: constrained ? left : mostMegabytes, ...(constrained && { constrained }) };
};

/** Checks all modules with TypeScript's native checker; neither writes into the mesh folder nor reads its tsconfig.json. */
export const typeCheck = async (
  { root, policies, graph }: MeshFolder,
  bounds = typeCheckBounds(process.constrainedMemory()),
): Promise<TypeChecked> => {
  const temporary = temporaryFolder("meshwright-types-");
  try {
    const project = join(temporary, "tsconfig.json");
    const config = {
      compilerOptions: {
        ...policyCompilerOptions,
        typeRoots: [],
        paths: { meshwright: [libraryEntry], "#graph/*": [join(root, "graph", "*.ts")] },
      },
      files: [configModule, ...policies].map((module) => join(root, module)),
    };
    writeFileSync(project, JSON.stringify(config));
    const checker = checkerPath();
    const parameters = ["-p", project, "--pretty", "false", "--listFiles"];
    // Modules are evaluated meanwhile: with two processors, its threads would only take turns, and share their work for it.
    if (availableParallelism() <= 2) parameters.push("--singleThreaded");
    const { output, stopped } = await run(checker, parameters, root, bounds);
    const known = new Set([configModule, ...policies, ...graph].map((module) => join(root, module)));
    const own = [dirname(libraryEntry) + sep, dirname(checker) + sep];
    // An absolute path in a message would differ between machines.
    const { problems, files } = parsed(output.replaceAll(`'${root}${sep}`, "'"));
    const strayed = files.some((file) => !known.has(file) && !own.some((folder) => file.startsWith(folder)));
    return { problems, strayed, ...(stopped !== undefined && { stopped }) };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
};

const run = (
  checker: string,
  parameters: readonly string[],
  cwd: string,
  bounds: TypeCheckBounds,
): Promise<{ readonly output: string; readonly stopped: string | undefined }> => {
  const { promise, resolve, reject } = Promise.withResolvers<{ output: string; stopped: string | undefined }>();
  // Its messages are English whatever the machine speaks. Its garbage is collected seldom: that halves its time and, as
  // nearly everything stays reachable to the end, hardly changes its memory; where that comes to an end, it is collected often.
  const env = { GOGC: "400", GOMEMLIMIT: `${String(Math.ceil(bounds.megabytes * 0.9))}MiB` };
  const [command, confinedParameters] = confined(checker, parameters, bounds.seconds);
  const child = spawn(command, confinedParameters, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const { breach, begin } = watched(child, bounds);
  begin();
  const chunks: Buffer[] = [];
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString("utf8")).slice(0, 2000)));
  child.once("error", reject);
  child.once("close", (code, signal) => {
    const output = Buffer.concat(chunks).toString("utf8");
    const killed = breach();
    if (killed === "time") resolve({ output, stopped: `was still running after ${String(bounds.seconds)} s` });
    else if (killed === "memory") {
      const why = bounds.constrained === true ? ", which is what the memory limit of its container leaves" : "";
      resolve({ output, stopped: `needed more than ${String(bounds.megabytes)} MB${why}` });
    }
    // A panic of the checker's own has the exit code of type errors, but says so elsewhere.
    else if ((code === 0 || code === 1 || code === 2) && complaint === "") resolve({ output, stopped: undefined });
    else resolve({ output, stopped: `ended abnormally (${signal ?? complaint.split("\n")[0] ?? ""})` });
  });
  return promise;
};

/** The names of modules hold no parentheses and no line breaks, so a line says what it says. */
const located = /^(?<module>[^()]+)\((?<line>\d+),(?<column>\d+)\): error (?<code>TS\d+): (?<text>.*)$/;
const global_ = /^error (?<code>TS\d+): (?<text>.*)$/;

const parsed = (output: string): { readonly problems: readonly TypeProblem[]; readonly files: readonly string[] } => {
  const problems: { at?: NonNullable<TypeProblem["at"]>; code: string; text: string }[] = [];
  const files: string[] = [];
  for (const line of output.split(/\r?\n/)) {
    const groups = (located.exec(line) ?? global_.exec(line))?.groups;
    if (groups !== undefined) {
      const { module, code = "", text = "" } = groups;
      const at = module !== undefined &&
        !module.startsWith("..") && { module, line: Number(groups["line"]), column: Number(groups["column"]) };
      problems.push({ ...(at && { at }), code, text });
    } else if (line.startsWith(" ") && problems.length > 0) problems.at(-1)!.text += `\n${line}`;
    else if (line !== "") files.push(line);
  }
  return { problems, files };
};

let foundChecker: string | undefined;

/** The checker's own executable: the script around it would cost a second Node. */
const checkerPath = (): string => {
  if (foundChecker === undefined) {
    const require = createRequire(import.meta.url);
    const folder = dirname(require.resolve("@typescript/native/package.json"));
    // Required, not imported: it is there at once, and the checker starts before this process has its hands full.
    const { default: executable } = require(join(folder, "lib", "getExePath.js")) as { readonly default: () => string };
    foundChecker = realpathSync(executable());
  }
  return foundChecker;
};
