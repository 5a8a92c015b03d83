import type { BenchService } from "../mesh.ts";
import type { Sources } from "../sources.ts";

/** The shared construct: what a team writes about its service, and the five objects that it becomes. */
const construct = `import { ApiObject } from "cdk8s";
import { Construct } from "constructs";

export type Duration = \`\${number}\${"ms" | "s" | "m" | "h"}\`;

export interface Ref {
  readonly name: string;
  readonly namespace: string;
}

export interface MeshServiceProps {
  readonly namespace: string;
  readonly canary: { readonly header: string; readonly value: string };
  readonly timeout: Duration;
  readonly retries: { readonly attempts: number; readonly perTry: Duration };
  readonly callers: readonly Ref[];
  readonly uses: readonly Ref[];
}

/** One service of the mesh, as the objects that Istio reads. */
export class MeshService extends Construct {
  constructor(scope: Construct, name: string, props: MeshServiceProps) {
    super(scope, name);
    const host = \`\${name}.\${props.namespace}.svc.cluster.local\`;
    const app = { app: name };
    const treatment = {
      timeout: props.timeout,
      retries: { attempts: props.retries.attempts, perTryTimeout: props.retries.perTry, retryOn: "5xx,reset" },
    };
    const object = (group: "networking" | "security", kind: string, spec: object) =>
      new ApiObject(this, kind, { apiVersion: \`\${group}.istio.io/v1\`, kind, metadata: { name, namespace: props.namespace }, spec });

    object("networking", "VirtualService", {
      hosts: [host],
      gateways: ["mesh"],
      http: [
        {
          match: [{ headers: { [props.canary.header]: { exact: props.canary.value } } }],
          route: [{ destination: { host, subset: "v2" }, weight: 100 }],
          ...treatment,
        },
        {
          route: [
            { destination: { host, subset: "v1" }, weight: 90 },
            { destination: { host, subset: "v2" }, weight: 10 },
          ],
          ...treatment,
        },
      ],
    });
    object("networking", "DestinationRule", {
      host,
      subsets: ["v1", "v2"].map((version) => ({ name: version, labels: { version } })),
    });
    object("security", "PeerAuthentication", { selector: { matchLabels: app }, mtls: { mode: "STRICT" } });
    object("security", "AuthorizationPolicy", {
      selector: { matchLabels: app },
      action: "ALLOW",
      rules: [{ from: [{ source: { principals: props.callers.map((each) => \`cluster.local/ns/\${each.namespace}/sa/\${each.name}\`) } }] }],
    });
    object("networking", "Sidecar", {
      workloadSelector: { labels: app },
      egress: [{ hosts: props.uses.map((each) => \`\${each.namespace}/\${each.name}.\${each.namespace}.svc.cluster.local\`) }],
    });
  }
}
`;

const ref = (service: BenchService) => `{ name: "${service.name}", namespace: "${service.namespace}" }`;
const identifier = (service: BenchService) => service.name.replace("-", "");

const file = (service: BenchService) => `import type { Construct } from "constructs";
import { MeshService } from "../mesh-service.ts";

export const ${identifier(service)} = (scope: Construct) =>
  new MeshService(scope, "${service.name}", {
    namespace: "${service.namespace}",
    canary: { header: "${service.canaryHeader.name}", value: "${service.canaryHeader.value}" },
    timeout: "${service.timeout}",
    retries: { attempts: ${service.attempts}, perTry: "${service.perTry}" },
    callers: [
${service.callers.map((each) => `      ${ref(each)},\n`).join("")}    ],
    uses: [
${service.uses.map((each) => `      ${ref(each)},\n`).join("")}    ],
  });
`;

/** cdk8s: a construct and a file a service, all in one chart (a chart a service takes it 85 s for 5,000: its synthesis is quadratic in charts); \`tsc\`, then \`node main.js\`, as its template's \`compile\` and \`synth\` do. */
export const cdk8sSources: Sources = (services) => ({
  "package.json": `{ "name": "mesh", "private": true, "type": "module" }\n`,
  "tsconfig.json": `${JSON.stringify(
    {
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
    },
    undefined,
    2,
  )}\n`,
  "mesh-service.ts": construct,
  "main.ts": `import { App, Chart } from "cdk8s";
${services.map((service) => `import { ${identifier(service)} } from "./services/${service.name}.ts";\n`).join("")}
const app = new App({ outdir: "dist" });
const mesh = new Chart(app, "mesh");
for (const service of [
${services.map((service) => `  ${identifier(service)},\n`).join("")}])
  service(mesh);
app.synth();
`,
  ...Object.fromEntries(services.map((service) => [`services/${service.name}.ts`, file(service)])),
});
