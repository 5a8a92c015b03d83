import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Bench, type Goal, isMet, machine } from "../result.ts";
import { ours } from "../compile/contestants.ts";
import { median } from "../compile/measured.ts";
import { benchMesh } from "../compile/mesh.ts";
import { run } from "../compile/process-tree.ts";

/** A reviewer's machine should answer before they have read the title, and a mesh of 1,000 services be asked as a whole. */
const goals: Readonly<Record<string, Goal>> = {
  diff_20_of_1000_beyond_compile_ms: { max: 1000 },
  who_can_call_what_1000_ms: { max: 5000 },
};

const services = 1000;
const rounds = 5;

interface Phases {
  readonly compiles: number;
  readonly comparison: number;
  readonly showing: number;
  readonly whoCanCallWhat: number;
  readonly changes: number;
  readonly edges: number;
}

/** What is rewritten in twenty policies: a split, a limit, mTLS, who may call. */
const edits: readonly (readonly [what: RegExp, by: string])[] = [
  [/v1: 90, v2: 10/, "v1: 50, v2: 50"],
  [/timeout: "\d+s"/, 'timeout: "9s"'],
  [/mtls: "strict"/, 'mtls: "permissive"'],
  [/from: \[namespace, /, "from: ["],
];

/**
 * Twenty changed policies of a thousand, compared with a commit: what it takes beyond compiling both revisions, from
 * meanings to the printed text, each round in a fresh process; the whole command as it is published; and who can call what.
 */
export const diffBench: Bench = async () => {
  const before = machine();
  const [contestant] = ours();
  const folder = mkdtempSync(join(tmpdir(), "meshwright-bench-diff-"));
  try {
    for (const [path, text] of Object.entries(contestant!.sources(benchMesh(services)))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    for (const [path, target] of Object.entries(contestant!.links)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      symlinkSync(target, join(folder, path));
    }
    await run(contestant!.preparation(folder), false);
    commit(folder);
    for (let index = 0; index < 20; index += 1) edit(folder, index);

    const here = join(import.meta.dirname, "phases.ts");
    const cli = join(import.meta.dirname, "../../dist/cli/mesh-compile.js");
    const phases: Phases[] = [];
    const whole: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const printed = execFileSync(process.execPath, [here], { cwd: folder, encoding: "utf8" });
      phases.push(JSON.parse(printed) as Phases);
      const started = performance.now();
      const status = statusOf([cli, "diff", "--base", "HEAD"], folder);
      whole.push(performance.now() - started);
      if (status !== 2) throw new Error(`diff ended with ${status}`);
    }
    const [first] = phases;
    const noticed = first!.changes >= 20 && first!.edges >= services;
    const figures = {
      diff_20_of_1000_beyond_compile_ms: median(phases.map(({ comparison, showing }) => comparison + showing)),
      diff_20_of_1000_comparison_ms: median(phases.map(({ comparison }) => comparison)),
      diff_20_of_1000_places_and_text_ms: median(phases.map(({ showing }) => showing)),
      diff_two_compiles_ms: median(phases.map(({ compiles }) => compiles)),
      diff_whole_command_ms: median(whole),
      who_can_call_what_1000_ms: median(phases.map(({ whoCanCallWhat }) => whoCanCallWhat)),
    };
    console.log(`${first!.changes} changes, ${first!.edges} edges, ${rounds} rounds`);
    for (const [key, figure] of Object.entries(figures)) {
      const goal = goals[key];
      const verdict = goal === undefined ? "" : `  goal ≤ ${goal.max}: ${isMet(figure, goal) ? "met" : "NOT MET"}`;
      console.log(`${key.padEnd(40)} ${figure.toFixed(0)}${verdict}`);
    }
    const met = Object.entries(goals).every(([key, goal]) => isMet(figures[key as keyof typeof figures], goal));
    return { name: "diff", machine: before, figures, goals, ok: noticed && met };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** One commit of all that is there, whatever the machine's own settings of Git. */
const commit = (folder: string): void => {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...parameters: readonly string[]): void =>
    void execFileSync("git", ["-c", "user.name=bench", "-c", "user.email=bench@localhost", ...parameters], {
      cwd: folder,
      env,
    });
  writeFileSync(join(folder, ".gitignore"), "node_modules\nout\n");
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "base");
};

const edit = (folder: string, index: number): void => {
  const number = index * 50 + 3;
  const path = join(folder, `team-${String(index).padStart(3, "0")}`, `svc${String(number).padStart(5, "0")}.ts`);
  const [what, by] = edits[index % edits.length]!;
  const text = readFileSync(path, "utf8");
  const edited = text.replace(what, by);
  if (edited === text) throw new Error(`${path} has nothing that the bench edits`);
  writeFileSync(path, what.source.includes("namespace") ? edited.replace("{ namespace, ", "{ ") : edited);
};

const statusOf = (parameters: readonly string[], cwd: string): number => {
  try {
    execFileSync(process.execPath, parameters, { cwd, stdio: ["ignore", "ignore", "inherit"] });
    return 0;
  } catch (error) {
    return (error as { readonly status: number }).status;
  }
};
