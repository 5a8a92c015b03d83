import { type BenchService, type Named, ports } from "../mesh.ts";
import type { Sources } from "../sources.ts";

const file = (service: BenchService) => {
  const named = [
    service,
    ...service.uses,
    ...service.callers.flatMap(({ namespace, name }) => (name === undefined ? [] : [{ namespace, name }])),
  ];
  const callers = service.callers.map(({ name }) => name ?? "namespace");
  return `import { allow, policy, route, split } from "meshwright";
${imports(service.namespace, named)}
const treatment = {
  timeout: "${service.timeout}",
  retries: { attempts: ${service.retries.attempts}, perTry: "${service.retries.perTry}", on: ["5xx", "reset"] },
} as const;

export default policy(${service.name}, {
  routes: [
    route({ when: { headers: { "${service.canary.header}": "${service.canary.value}" } }, to: ${service.name}.v2, ...treatment }),
    route({ to: split(${service.name}, { v1: 90, v2: 10 }), ...treatment }),
  ],
  mtls: "strict",
  allow: [allow({ from: [${callers.join(", ")}] })],
  uses: [${service.uses.map(({ name }) => name).join(", ")}],
});
`;
};

/** One import for each namespace that a policy names something of; its own namespace is a caller too. */
function imports(own: string, named: readonly Named[]): string {
  const names = new Map<string, Set<string>>([[own, new Set(["namespace"])]]);
  for (const { namespace, name } of named) names.set(namespace, (names.get(namespace) ?? new Set()).add(name));
  return [...names]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([namespace, each]) => `import { ${[...each].toSorted().join(", ")} } from "#graph/${namespace}";\n`)
    .join("");
}

const deployment = ({ name, namespace }: BenchService, version: string) => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}-${version}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${name}, version: ${version} } }
  template:
    metadata: { labels: { app: ${name}, version: ${version} } }
    spec:
      serviceAccountName: ${name}
      containers:
        - name: ${name}
          image: example/${name}:${version}
          ports: [{ name: http, containerPort: ${ports.workload} }]
`;

const manifest = (service: BenchService) => `---
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${service.name}, namespace: ${service.namespace} }
---
apiVersion: v1
kind: Service
metadata: { name: ${service.name}, namespace: ${service.namespace} }
spec:
  selector: { app: ${service.name} }
  ports: [{ name: http, port: ${ports.service}, targetPort: ${ports.workload} }]
${deployment(service, "v1")}${deployment(service, "v2")}`;

const namespaceManifest = (namespace: string) => `apiVersion: v1
kind: Namespace
metadata: { name: ${namespace}, labels: { istio-injection: enabled } }
`;

const tsconfig = {
  compilerOptions: {
    target: "esnext",
    module: "nodenext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    paths: { "#graph/*": ["./graph/*.ts"] },
  },
  include: ["**/*.ts"],
};

/** Ours: a folder a namespace, a policy a service, and the manifests from which `graph sync` makes the handles. */
export const meshwrightSources: Sources = (services) => {
  const namespaces = [...new Set(services.map(({ namespace }) => namespace))];
  const folders = namespaces.map((namespace) => `    "${namespace}": ["${namespace}"],\n`).join("");
  return {
    "package.json": `{ "name": "mesh", "private": true, "type": "module" }\n`,
    "tsconfig.json": `${JSON.stringify(tsconfig, undefined, 2)}\n`,
    "mesh.config.ts": `import { mesh } from "meshwright";

export default mesh({
  folders: {
${folders}  },
  defaults: { mtls: "strict", access: "nobody" },
});
`,
    ...Object.fromEntries(services.map((service) => [`${service.namespace}/${service.name}.ts`, file(service)])),
    ...Object.fromEntries(
      namespaces.map((namespace) => [
        `manifests/${namespace}.yaml`,
        namespaceManifest(namespace) +
          services
            .filter((each) => each.namespace === namespace)
            .map(manifest)
            .join(""),
      ]),
    ),
  };
};
