import { entry, type Nothing } from "./entry.ts";

/** MESH0xxx: from a folder of TypeScript to plain data, before anything of its meaning is known. */
export const loadingCodes = {
  MESH0001: entry<{ readonly folder: string; readonly reason: string }>({
    severity: "error",
    name: "the-mesh-folder-can-be-read",
    message: ({ folder, reason }) => `cannot read the mesh folder ${folder}: ${reason}`,
    fix: () => "name the folder that holds mesh.config.ts",
  }),
  MESH0002: entry<{ readonly folder: string; readonly above: string | undefined }>({
    severity: "error",
    name: "a-mesh-has-its-config",
    message: ({ folder, above }) =>
      `${folder} has no mesh.config.ts${above === undefined ? "" : `; it is part of the mesh in ${above}`}`,
    fix: ({ above }) =>
      above === undefined
        ? "`mesh-compile init` writes one; or name the folder that holds it with `--mesh`"
        : `run the command there, or add \`--mesh ${above}\``,
  }),
  MESH0003: entry<{ readonly module: string }>({
    severity: "error",
    name: "the-config-is-a-default-export",
    message: ({ module }) => `${module} has no default export`,
    fix: () => "write `export default mesh({ … })`",
  }),
  MESH0004: entry<{ readonly module: string; readonly reason: string }>({
    severity: "error",
    name: "a-module-can-be-read",
    message: ({ module, reason }) => `cannot read ${module}: ${reason}`,
    fix: () => "make it a regular, readable file of UTF-8 text",
  }),
  MESH0005: entry<{ readonly module: string }>({
    severity: "error",
    name: "a-module-has-a-portable-name",
    message: ({ module }) => `${JSON.stringify(module)} is no name for a policy module`,
    fix: () =>
      "use only ASCII letters, digits, `-`, `_`, `.`, `@`, `+` and spaces in the names of modules and their folders",
  }),
  MESH0006: entry<{ readonly module: string }>({
    severity: "error",
    name: "a-module-lies-in-the-mesh-folder",
    message: ({ module }) => `${module} is a symbolic link that leads out of the mesh folder`,
    fix: () => "put the file itself into the mesh folder: what is not in it is not in the commit",
  }),
  MESH0007: entry<{ readonly module: string; readonly other: string }>({
    severity: "error",
    name: "module-names-differ-in-more-than-case",
    message: ({ module, other }) => `${module} and ${other} differ only in case`,
    fix: () => "rename one of them: some file systems cannot hold both",
  }),
  MESH0010: entry<{ readonly text: string }>({
    severity: "error",
    name: "a-module-is-typescript",
    message: ({ text }) => `syntax error: ${text}`,
  }),
  MESH0011: entry<{ readonly code: string; readonly text: string }>({
    severity: "error",
    name: "types-are-right",
    message: ({ code, text }) => `${text} (${code})`,
  }),
  MESH0012: entry<{ readonly reason: string }>({
    severity: "error",
    name: "the-type-check-ends",
    message: ({ reason }) => `the type check ${reason}`,
    fix: () => "look for a type that refers to itself without end, or pass `--no-types` to see the other diagnostics",
  }),
  MESH0013: entry<{ readonly specifier: string; readonly why: string }>({
    severity: "error",
    name: "policies-import-policies",
    message: ({ specifier, why }) => `cannot import ${JSON.stringify(specifier)}: ${why}`,
    fix: () => 'import "meshwright", "#graph/<namespace>", or a policy module by its relative path, with `.ts`',
  }),
  MESH0014: entry<{ readonly cycle: readonly string[] }>({
    severity: "error",
    name: "imports-run-one-way",
    message: ({ cycle }) => `these modules import each other in a circle: ${cycle.join(" → ")}`,
    fix: () => "move what they share into a module of its own",
  }),
  MESH0015: entry<{ readonly name: string; readonly module: string; readonly near: string | undefined }>({
    severity: "error",
    name: "an-import-is-exported",
    message: ({ name, module, near }) =>
      `${module} exports no \`${name}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
    fix: ({ near }) => (near === undefined ? "import a name that it exports" : `write \`${near}\``),
  }),
  MESH0016: entry<{ readonly what: string; readonly why: string }>({
    severity: "error",
    name: "policies-are-plain-typescript",
    message: ({ what, why }) => `a policy cannot use ${what}: ${why}`,
    fix: () => "write the value itself, or a function that returns it",
  }),
  MESH0020: entry<{ readonly name: string; readonly why: string }>({
    severity: "error",
    name: "policies-are-hermetic",
    message: ({ name, why }) => `a policy cannot use \`${name}\`: ${why}`,
    fix: () =>
      "write the value into the policy; what differs between environments goes into `vary({ default: …, production: … })`",
  }),
  MESH0021: entry<{ readonly module: string; readonly text: string }>({
    severity: "error",
    name: "a-module-evaluates",
    message: ({ module, text }) => `${module} failed: ${text}`,
  }),
  MESH0022: entry<{ readonly what: string }>({
    severity: "error",
    name: "an-intent-is-plain-data",
    message: ({ what }) => `${what} cannot be part of an intent`,
    fix: () => "export plain data: objects, lists, strings, finite numbers, booleans and null",
  }),
  MESH0023: entry<{ readonly module: string; readonly seconds: number }>({
    severity: "error",
    name: "evaluation-ends",
    message: ({ module, seconds }) => `${module} was still running after ${String(seconds)} s and was stopped`,
    fix: () => "look for a loop without end, or a regular expression that backtracks",
  }),
  MESH0024: entry<{ readonly module: string; readonly megabytes: number }>({
    severity: "error",
    name: "evaluation-fits-into-memory",
    message: ({ module, megabytes }) => `${module} needed more than ${String(megabytes)} MB and was stopped`,
    fix: () => "look for data that grows without end",
  }),
  MESH0025: entry<{ readonly module: string; readonly megabytes: number }>({
    severity: "error",
    name: "an-intent-has-a-size",
    message: ({ module, megabytes }) => `with ${module}, the intents come to more than ${String(megabytes)} MB of data`,
    fix: () => "look for a value that is repeated inside of itself",
  }),
  MESH0026: entry<{ readonly module: string; readonly signal: string }>({
    severity: "error",
    name: "evaluation-survives",
    message: ({ module, signal }) => `the evaluation of ${module} ended abnormally (${signal})`,
    fix: () => "look for very deep nesting or recursion",
  }),
  MESH0027: entry<Nothing>({
    severity: "error",
    name: "an-intent-is-exported",
    message: () => "this is part of no module's default export, so it would not be part of the mesh",
    fix: () => "write `export default` before it; a list exports several",
  }),
  MESH0028: entry<{ readonly module: string }>({
    severity: "warning",
    name: "a-module-says-something",
    message: ({ module }) => `${module} has no default export, and no module imports it`,
    fix: () => "write `export default` before its policy, or remove the module",
  }),
  MESH0029: entry<{ readonly module: string }>({
    severity: "warning",
    name: "a-policy-module-is-a-ts-file",
    message: ({ module }) => `${module} is not read: policy modules are .ts files`,
    fix: () => "rename it, or move what is no policy out of the folders of policies",
  }),
};
