import { type Nothing, entry, list } from "./entry.ts";

/** MESH4001 to MESH4049: the manifests that a graph is read from, and the files that it is kept in. */
export const graphCodes = {
  MESH4001: entry<{ readonly path: string; readonly reason: string }>({
    severity: "error",
    name: "an-input-can-be-read",
    message: ({ path, reason }) => `${path} cannot be read: ${reason}`,
    fix: () => "name files or folders that exist and may be read, or `-` for standard input",
  }),
  MESH4002: entry<{ readonly file: string }>({
    severity: "error",
    name: "a-manifest-is-utf-8",
    message: ({ file }) => `${file} is not UTF-8 from here on`,
    fix: () => "save the file as UTF-8",
  }),
  MESH4003: entry<{ readonly reason: string }>({
    severity: "error",
    name: "a-manifest-is-yaml",
    message: ({ reason }) => `this is no YAML: ${reason}`,
    fix: () => "correct the syntax; a template (Helm, Jinja) must be rendered first",
  }),
  MESH4004: entry<{ readonly key: string }>({
    severity: "error",
    name: "a-key-stands-once",
    message: ({ key }) => `the key \`${key}\` stands twice in one mapping`,
    fix: () => "keep one of them: which one counts differs between tools",
  }),
  MESH4005: entry<{ readonly alias: string; readonly why: string }>({
    severity: "error",
    name: "aliases-stay-small",
    message: ({ alias, why }) => `the alias \`*${alias}\` is refused: ${why}`,
    fix: () => "write the values out",
  }),
  MESH4006: entry<{ readonly what: string }>({
    severity: "error",
    name: "a-manifest-has-a-manifest-s-size",
    message: ({ what }) => what,
    fix: () => "give manifests only, in several files if there are very many",
  }),
  MESH4007: entry<{ readonly inputs: readonly string[] }>({
    severity: "error",
    name: "inputs-hold-manifests",
    message: ({ inputs }) => `there is no Service and no workload in ${list(inputs)}`,
    fix: () => "name the files or folders that hold the Kubernetes manifests (.yaml, .yml, .json)",
  }),
  MESH4008: entry<{ readonly what: string }>({
    severity: "error",
    name: "a-document-is-an-object",
    message: ({ what }) => `this is no Kubernetes object: ${what}`,
    fix: () => "give it `apiVersion`, `kind` and `metadata`, or leave the file out",
  }),
  MESH4009: entry<{
    readonly object: string;
    readonly field: string;
    readonly expected: string;
    readonly found: string;
  }>({
    severity: "error",
    name: "a-field-has-its-shape",
    message: ({ object, field, expected, found }) => `\`${field}\` of ${object} must be ${expected}, not ${found}`,
    fix: () => "correct the manifest: the API server would refuse it too",
  }),
  MESH4010: entry<{ readonly what: string; readonly name: string; readonly rule: string }>({
    severity: "error",
    name: "a-name-is-a-name",
    message: ({ what, name, rule }) => `\`${name}\` is no name for ${what}: it must be ${rule}`,
    fix: () => "correct the manifest: the API server would refuse it too",
  }),
  MESH4011: entry<{ readonly object: string }>({
    severity: "error",
    name: "an-object-stands-once",
    message: ({ object }) => `${object} stands twice in the inputs`,
    fix: () => "keep one of them, or sync one environment's manifests at a time",
  }),
  MESH4012: entry<{ readonly id: string; readonly kinds: readonly string[] }>({
    severity: "error",
    name: "workloads-have-names-of-their-own",
    message: ({ id, kinds }) => `${id} is the name of a ${list(kinds)}: policies could not tell them apart`,
    fix: () => "rename one of them",
  }),
  MESH4013: entry<{
    readonly service: string;
    readonly port: number;
    readonly target: string;
    readonly problem: string;
  }>({
    severity: "warning",
    name: "a-named-target-port-is-known",
    message: ({ service, port, target, problem }) =>
      `port ${port} of ${service} is sent on to the port named \`${target}\`: ${problem}`,
    fix: () => "name a port of every container behind it, with one number, or write the number as `targetPort`",
  }),
  MESH4014: entry<{
    readonly service: string;
    readonly port: number;
    readonly name: string;
    readonly appProtocol: string | undefined;
  }>({
    severity: "warning",
    name: "a-port-says-what-it-speaks",
    message: ({ service, port, name, appProtocol }) =>
      appProtocol === undefined
        ? `port ${port} of ${service} does not say what it speaks${name === "" ? "" : `: \`${name}\` begins with no protocol`}`
        : `port ${port} of ${service} says \`appProtocol: ${appProtocol}\`, which the mesh does not know`,
    fix: () =>
      "write `appProtocol: http` (or grpc, http2, https, tls, tcp), or begin the port's name with one, as in `http-api`",
  }),
  MESH4015: entry<{ readonly service: string }>({
    severity: "warning",
    name: "a-service-has-a-selector",
    message: ({ service }) =>
      `${service} has no selector: who answers is not in the manifests, so nothing is known about its proxies`,
    fix: () => "give it a selector, or make it known as an external service",
  }),
  MESH4016: entry<{ readonly service: string; readonly selector: string }>({
    severity: "warning",
    name: "a-selector-picks-workloads",
    message: ({ service, selector }) => `the selector of ${service} (${selector}) picks no workload of the inputs`,
    fix: ({ service }) => `add the manifests of the workloads behind ${service} to the inputs, or correct the selector`,
  }),
  MESH4017: entry<{ readonly what: string }>({
    severity: "error",
    name: "workloads-have-proxies-of-their-own",
    message: ({ what }) => `${what} is in ambient mode, which is not supported yet`,
    fix: () => "use sidecars (`istio-injection: enabled`), or leave these manifests out",
  }),
  MESH4018: entry<{ readonly namespace: string }>({
    severity: "info",
    name: "a-namespace-is-given",
    message: ({ namespace }) =>
      `the manifest of namespace \`${namespace}\` is not among the inputs: its workloads are taken to have sidecars`,
    fix: () => "add the Namespace to the inputs: its labels decide",
  }),
  MESH4019: entry<{ readonly kind: string; readonly count: number }>({
    severity: "info",
    name: "mesh-objects-come-from-policies",
    message: ({ kind, count }) =>
      `${count === 1 ? `a ${kind} is` : `${count} ${kind} objects are`} among the inputs and not looked at: what ${count === 1 ? "it does" : "they do"} is not part of the graph`,
    fix: () => "say the same in a policy, and take the objects away",
  }),
  MESH4020: entry<{ readonly object: string; readonly field: string; readonly effect: string }>({
    severity: "warning",
    name: "the-graph-can-say-it",
    message: ({ object, field, effect }) =>
      `\`${field}\` of ${object} ${effect}, which the graph does not say: answers about it can be wrong`,
    fix: () => "do without it, or keep in mind that checks and explanations do not know of it",
  }),
  MESH4021: entry<{ readonly workload: string; readonly why: string }>({
    severity: "warning",
    name: "a-gateway-is-injected",
    message: ({ workload, why }) => `${workload} wants to be a gateway, but gets no proxy: ${why}`,
    fix: () => 'give its pods the label `sidecar.istio.io/inject: "true"`, and its namespace no label against it',
  }),
  MESH4022: entry<{ readonly service: string; readonly label: string; readonly value: string; readonly other: string }>(
    {
      severity: "warning",
      name: "subsets-have-names-of-their-own",
      message: ({ service, label, value, other }) =>
        `${service} gets no subset for \`${label}: ${value}\`: as a name it is the same as \`${other}\``,
      fix: () => "use values that differ in more than capitals and punctuation",
    },
  ),
  MESH4023: entry<{ readonly service: string; readonly port: number; readonly transport: string }>({
    severity: "warning",
    name: "a-port-is-carried",
    message: ({ service, port, transport }) =>
      `port ${port} of ${service} is ${transport}, which no proxy carries: it is left out of the graph`,
  }),
  MESH4024: entry<{ readonly revisions: readonly string[]; readonly asked: string | undefined }>({
    severity: "error",
    name: "one-control-plane-is-meant",
    message: ({ revisions, asked }) =>
      asked === undefined
        ? `the inputs configure ${revisions.length} control planes: ${list(revisions)}`
        : `the inputs configure no control plane of revision \`${asked}\`, only ${list(revisions)}`,
    fix: () => "say which one is meant: `--revision NAME`",
  }),
  MESH4025: entry<{ readonly workload: string; readonly value: string }>({
    severity: "warning",
    name: "an-injection-label-is-true-or-false",
    message: ({ workload, value }) =>
      `\`sidecar.istio.io/inject: ${JSON.stringify(value)}\` of ${workload} says neither "true" nor "false", so it has no effect`,
    fix: () => 'write "true" or "false"',
  }),
  MESH4026: entry<Nothing>({
    severity: "info",
    name: "the-platform-is-given",
    message: () => "the control plane's configuration is not among the inputs: Istio's defaults are taken",
    fix: () => "add the ConfigMap `istio` of the root namespace to the inputs",
  }),
  MESH4030: entry<{ readonly path: string }>({
    severity: "error",
    name: "there-is-a-snapshot",
    message: ({ path }) => `there is no service graph: ${path} does not exist`,
    fix: () => "run `mesh-compile graph sync` with the folder that holds the manifests",
  }),
  MESH4031: entry<{ readonly path: string; readonly version: number; readonly known: number }>({
    severity: "error",
    name: "a-snapshot-is-of-a-known-version",
    message: ({ path, version, known }) =>
      `${path} is of version ${version}: a newer mesh-compile wrote it; this one knows version ${known}`,
    fix: () => "upgrade meshwright to the version that your team uses",
  }),
  MESH4032: entry<{ readonly path: string; readonly field: string; readonly expected: string }>({
    severity: "error",
    name: "a-snapshot-is-whole",
    message: ({ path, field, expected }) =>
      `${path} is damaged: ${field === "" ? "it" : `\`${field}\``} must be ${expected}`,
    fix: () => "undo the edit, or run `mesh-compile graph sync` again",
  }),
  MESH4033: entry<{ readonly path: string }>({
    severity: "error",
    name: "only-generated-files-are-replaced",
    message: ({ path }) => `${path} is in the way: graph sync did not write it, so it does not replace it`,
    fix: () => "move the file elsewhere, or remove it",
  }),
  MESH4034: entry<{ readonly path: string; readonly reason: string }>({
    severity: "error",
    name: "the-graph-folder-can-be-written",
    message: ({ path, reason }) => `${path} cannot be written: ${reason}; what was there is unchanged`,
    fix: () => "make room or allow writing there, then run it again",
  }),
  MESH4035: entry<{ readonly path: string; readonly changes: readonly string[] }>({
    severity: "error",
    name: "the-snapshot-is-current",
    message: ({ path, changes }) => `${path} does not say what the manifests say: ${list(changes)}`,
    fix: () => "run `mesh-compile graph sync` with the same inputs and commit what it writes",
  }),
  MESH4036: entry<{ readonly path: string; readonly retired: string }>({
    severity: "error",
    name: "a-sync-has-ended",
    message: ({ path, retired }) =>
      `a graph sync was interrupted while it replaced ${path}; what was there before is in ${retired}`,
    fix: ({ path, retired }) => `run \`mesh-compile graph sync\` again, or rename ${retired} to ${path}`,
  }),
};
