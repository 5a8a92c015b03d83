import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cdk8sSources } from "./sources/cdk8s.ts";
import { cueSources } from "./sources/cue.ts";
import { jsonnetSources } from "./sources/jsonnet.ts";
import { meshwrightSources } from "./sources/meshwright.ts";
import type { Command } from "./process-tree.ts";
import type { Sources } from "./sources.ts";
import type { Tools } from "./tools.ts";

/** One way of turning a generated mesh into objects: who, from which sources, by which commands, and where the result lies. */
export interface Contestant {
  readonly name: string;
  readonly sources: Sources;
  /** Folders beside the sources that the tool needs and that are not written by hand. */
  readonly links: Readonly<Record<string, string>>;
  /** What its users run once, when the graph changes; not measured. */
  readonly preparation: (folder: string) => readonly Command[];
  readonly commands: (folder: string) => readonly Command[];
  /** Relative to the sources; taken away before each run, so that each is a first run. */
  readonly output: string;
  /** Other traces that a run leaves and the next could profit from. */
  readonly leftovers: readonly string[];
}

/**
 * Our build, as users run it: the package that `npm run build` makes, made afresh, so that no old one is measured.
 * The graph's handles are synchronised before, as they are in a repository: no tool here reads manifests when it builds.
 */
export function ours(): readonly Contestant[] {
  execFileSync(process.execPath, [join(root, "scripts/build.ts")], { stdio: "inherit" });
  const cli = join(root, "dist/cli/mesh-compile.js");
  const node = process.execPath;
  return [true, false].map((types) => ({
    name: types ? "meshwright" : "meshwright without types",
    sources: meshwrightSources,
    links: { "node_modules/meshwright": root },
    preparation: (cwd) => [{ cwd, argv: [node, cli, "graph", "sync", "--mesh", ".", "manifests"] }],
    commands: (cwd) => [
      {
        cwd,
        argv: [
          node,
          cli,
          "build",
          "--mesh",
          ".",
          "--target",
          "istio",
          "--out",
          "out",
          ...(types ? [] : ["--no-types"]),
        ],
      },
    ],
    output: "out",
    leftovers: [".meshwright"],
  }));
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The tools that the build is measured against, each run as its documentation says. */
export function peers(tools: Tools): readonly Contestant[] {
  const node = process.execPath;
  return [
    {
      name: "cue",
      sources: cueSources,
      links: {},
      preparation: () => [],
      commands: (cwd) => [
        { cwd, argv: [tools.cue, "export", ".", "-e", "objects"], stdout: join(cwd, "objects.json") },
      ],
      output: "objects.json",
      leftovers: [],
    },
    {
      name: "jsonnet",
      sources: jsonnetSources,
      links: {},
      preparation: () => [],
      commands: (cwd) => [{ cwd, argv: [tools.jsonnet, "main.jsonnet"], stdout: join(cwd, "objects.json") }],
      output: "objects.json",
      leftovers: [],
    },
    {
      name: "cdk8s",
      sources: cdk8sSources,
      links: { node_modules: join(tools.cdk8s, "node_modules") },
      preparation: () => [],
      commands: (cwd) => [
        { cwd, argv: [node, "node_modules/typescript/bin/tsc", "-p", "."] },
        { cwd, argv: [node, "out/main.js"] },
      ],
      output: "dist/mesh.k8s.yaml",
      leftovers: ["out"],
    },
    {
      name: "cdk8s without types",
      sources: cdk8sSources,
      links: { node_modules: join(tools.cdk8s, "node_modules") },
      preparation: () => [],
      commands: (cwd) => [{ cwd, argv: [node, "main.ts"] }],
      output: "dist/mesh.k8s.yaml",
      leftovers: ["out"],
    },
  ];
}
