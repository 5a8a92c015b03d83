import { type BenchService, ports } from "../mesh.ts";
import type { Sources } from "../sources.ts";

/** The shared constructs: what a team writes about its service, and the five objects that it becomes. */
const constructs = `import { ApiObject } from "cdk8s";
import { Construct } from "constructs";

export type Duration = \`\${number}\${"ms" | "s" | "m" | "h"}\`;

export interface Service {
  readonly namespace: string;
  readonly name: string;
}

/** Without a name: everybody in the namespace. */
export interface Caller {
  readonly namespace: string;
  readonly name?: string;
}

export interface MeshServiceProps {
  readonly namespace: string;
  readonly canary: { readonly header: string; readonly value: string };
  readonly timeout: Duration;
  readonly retries: { readonly attempts: number; readonly perTry: Duration };
  readonly callers: readonly Caller[];
  readonly uses: readonly Service[];
}

const istioObject = (
  scope: Construct,
  group: "networking" | "security",
  kind: string,
  namespace: string,
  name: string,
  spec: object,
) =>
  new ApiObject(scope, kind, {
    apiVersion: \`\${group}.istio.io/v1\`,
    kind,
    metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "meshwright" } },
    spec,
  });

/** One service of the mesh, as the objects that Istio reads. */
export class MeshService extends Construct {
  constructor(scope: Construct, name: string, props: MeshServiceProps) {
    super(scope, name);
    const { namespace } = props;
    const host = \`\${name}.\${namespace}.svc.cluster.local\`;
    const app = { app: name };
    const destination = (subset: string) => ({ destination: { host, subset, port: { number: ${ports.service} } } });
    const treatment = {
      timeout: props.timeout,
      retries: { attempts: props.retries.attempts, perTryTimeout: props.retries.perTry, retryOn: "5xx,reset" },
    };
    istioObject(this, "networking", "VirtualService", namespace, name, {
      hosts: [host],
      http: [
        {
          match: [{ headers: { [props.canary.header]: { exact: props.canary.value } } }],
          route: [destination("v2")],
          ...treatment,
        },
        { route: [{ ...destination("v1"), weight: 90 }, { ...destination("v2"), weight: 10 }], ...treatment },
      ],
    });
    istioObject(this, "networking", "DestinationRule", namespace, name, {
      host,
      subsets: ["v1", "v2"].map((version) => ({ name: version, labels: { version } })),
    });
    istioObject(this, "security", "PeerAuthentication", namespace, name, {
      selector: { matchLabels: app },
      mtls: { mode: "STRICT" },
    });
    istioObject(this, "security", "AuthorizationPolicy", namespace, \`\${name}-allow\`, {
      selector: { matchLabels: app },
      action: "ALLOW",
      rules: [
        {
          from: [{ source: { principals: props.callers.map((each) => \`cluster.local/ns/\${each.namespace}/sa/\${each.name ?? "*"}\`) } }],
          to: [{ operation: { ports: ["${ports.workload}"] } }],
        },
      ],
    });
    istioObject(this, "networking", "Sidecar", namespace, name, {
      workloadSelector: { labels: app },
      egress: [{ hosts: props.uses.map((each) => \`\${each.namespace}/\${each.name}.\${each.namespace}.svc.cluster.local\`) }],
    });
  }
}

/** What holds where no service says otherwise. */
export class MeshDefaults extends Construct {
  constructor(scope: Construct) {
    super(scope, "defaults");
    istioObject(this, "security", "PeerAuthentication", "istio-system", "default", { mtls: { mode: "STRICT" } });
    istioObject(this, "security", "AuthorizationPolicy", "istio-system", "default-allow", { action: "ALLOW" });
  }
}
`;

const file = (service: BenchService) => `import type { Construct } from "constructs";
import { MeshService } from "../mesh-service.ts";

export const ${service.name} = (scope: Construct) =>
  new MeshService(scope, "${service.name}", {
    namespace: "${service.namespace}",
    canary: { header: "${service.canary.header}", value: "${service.canary.value}" },
    timeout: "${service.timeout}",
    retries: { attempts: ${service.retries.attempts}, perTry: "${service.retries.perTry}" },
    callers: [
${service.callers.map(({ namespace, name }) => `      { namespace: "${namespace}"${name === undefined ? "" : `, name: "${name}"`} },\n`).join("")}    ],
    uses: [
${service.uses.map(({ namespace, name }) => `      { namespace: "${namespace}", name: "${name}" },\n`).join("")}    ],
  });
`;

const tsconfig = {
  compilerOptions: {
    target: "esnext",
    module: "nodenext",
    strict: true,
    types: ["node"],
    skipLibCheck: true,
    rewriteRelativeImportExtensions: true,
    outDir: "out",
  },
  include: ["main.ts"],
};

/**
 * cdk8s: a construct and a file a service, `tsc` and then `node`, as its template's `compile` and `synth` do.
 * All in one chart: with a chart a service its synthesis is quadratic and takes 85 s instead of 5 s for 5,000.
 */
export const cdk8sSources: Sources = (services) => ({
  "package.json": `{ "name": "mesh", "private": true, "type": "module" }\n`,
  "tsconfig.json": `${JSON.stringify(tsconfig, undefined, 2)}\n`,
  "mesh-service.ts": constructs,
  "main.ts": `import { App, Chart } from "cdk8s";
import { MeshDefaults } from "./mesh-service.ts";
${services.map(({ name }) => `import { ${name} } from "./services/${name}.ts";\n`).join("")}
const app = new App({ outdir: "dist" });
const mesh = new Chart(app, "mesh");
new MeshDefaults(mesh);
for (const service of [
${services.map(({ name }) => `  ${name},\n`).join("")}])
  service(mesh);
app.synth();
`,
  ...Object.fromEntries(services.map((service) => [`services/${service.name}.ts`, file(service)])),
});
