import type { BenchService } from "../mesh.ts";
import type { Sources } from "../sources.ts";

const library = `{
  // service turns what a team writes about its service into the objects that Istio reads.
  service(s)::
    local host = s.name + '.' + s.namespace + '.svc.cluster.local';
    local metadata = { name: s.name, namespace: s.namespace };
    local selector = { app: s.name };
    local treatment = {
      timeout: s.timeout,
      retries: { attempts: s.retries.attempts, perTryTimeout: s.retries.perTry, retryOn: '5xx,reset' },
    };
    local networking(kind, spec) = { apiVersion: 'networking.istio.io/v1', kind: kind, metadata: metadata, spec: spec };
    local security(kind, spec) = { apiVersion: 'security.istio.io/v1', kind: kind, metadata: metadata, spec: spec };
    [
      networking('VirtualService', {
        hosts: [host],
        gateways: ['mesh'],
        http: [
          {
            match: [{ headers: { [s.canary.header]: { exact: s.canary.value } } }],
            route: [{ destination: { host: host, subset: 'v2' }, weight: 100 }],
          } + treatment,
          {
            route: [
              { destination: { host: host, subset: 'v1' }, weight: 90 },
              { destination: { host: host, subset: 'v2' }, weight: 10 },
            ],
          } + treatment,
        ],
      }),
      networking('DestinationRule', {
        host: host,
        subsets: [{ name: v, labels: { version: v } } for v in ['v1', 'v2']],
      }),
      security('PeerAuthentication', { selector: { matchLabels: selector }, mtls: { mode: 'STRICT' } }),
      security('AuthorizationPolicy', {
        selector: { matchLabels: selector },
        action: 'ALLOW',
        rules: [{ from: [{ source: { principals: ['cluster.local/ns/' + c.namespace + '/sa/' + c.name for c in s.callers] } }] }],
      }),
      networking('Sidecar', {
        workloadSelector: { labels: selector },
        egress: [{ hosts: [d.namespace + '/' + d.name + '.' + d.namespace + '.svc.cluster.local' for d in s.uses] }],
      }),
    ],
}
`;

const ref = (service: BenchService) => `{ name: '${service.name}', namespace: '${service.namespace}' }`;

const file = (service: BenchService) => `local mesh = import '../mesh.libsonnet';

mesh.service({
  name: '${service.name}',
  namespace: '${service.namespace}',
  canary: { header: '${service.canaryHeader.name}', value: '${service.canaryHeader.value}' },
  timeout: '${service.timeout}',
  retries: { attempts: ${service.attempts}, perTry: '${service.perTry}' },
  callers: [
${service.callers.map((each) => `    ${ref(each)},\n`).join("")}  ],
  uses: [
${service.uses.map((each) => `    ${ref(each)},\n`).join("")}  ],
})
`;

/** jsonnet: a shared library, a file a service, and a main file that imports them all (jsonnet has no computed imports). */
export const jsonnetSources: Sources = (services) => ({
  "mesh.libsonnet": library,
  "main.jsonnet": `[\n  object\n  for service in [\n${services
    .map((service) => `    import 'services/${service.name}.jsonnet',\n`)
    .join("")}  ]\n  for object in service\n]\n`,
  ...Object.fromEntries(services.map((service) => [`services/${service.name}.jsonnet`, file(service)])),
});
