import { type BenchService, ports } from "../mesh.ts";
import type { Sources } from "../sources.ts";

const library = `local managed = { 'app.kubernetes.io/managed-by': 'meshwright' };
local object(group, kind, namespace, name, spec) = {
  apiVersion: group + '.istio.io/v1',
  kind: kind,
  metadata: { name: name, namespace: namespace, labels: managed },
  spec: spec,
};

{
  // service turns what a team writes about its service into the objects that Istio reads.
  service(s)::
    local host = s.name + '.' + s.namespace + '.svc.cluster.local';
    local app = { app: s.name };
    local destination(subset) = { destination: { host: host, subset: subset, port: { number: ${ports.service} } } };
    local treatment = {
      timeout: s.timeout,
      retries: { attempts: s.retries.attempts, perTryTimeout: s.retries.perTry, retryOn: '5xx,reset' },
    };
    [
      object('networking', 'VirtualService', s.namespace, s.name, {
        hosts: [host],
        http: [
          {
            match: [{ headers: { [s.canary.header]: { exact: s.canary.value } } }],
            route: [destination('v2')],
          } + treatment,
          { route: [destination('v1') + { weight: 90 }, destination('v2') + { weight: 10 }] } + treatment,
        ],
      }),
      object('networking', 'DestinationRule', s.namespace, s.name, {
        host: host,
        subsets: [{ name: v, labels: { version: v } } for v in ['v1', 'v2']],
      }),
      object('security', 'PeerAuthentication', s.namespace, s.name, {
        selector: { matchLabels: app },
        mtls: { mode: 'STRICT' },
      }),
      object('security', 'AuthorizationPolicy', s.namespace, s.name + '-allow', {
        selector: { matchLabels: app },
        action: 'ALLOW',
        rules: [{
          from: [{ source: { principals: [
            'cluster.local/ns/' + c.namespace + '/sa/' + (if 'name' in c then c.name else '*')
            for c in s.callers
          ] } }],
          to: [{ operation: { ports: ['${ports.workload}'] } }],
        }],
      }),
      object('networking', 'Sidecar', s.namespace, s.name, {
        workloadSelector: { labels: app },
        egress: [{ hosts: [d.namespace + '/' + d.name + '.' + d.namespace + '.svc.cluster.local' for d in s.uses] }],
      }),
    ],

  // defaults are what holds where no service says otherwise.
  defaults:: [
    object('security', 'PeerAuthentication', 'istio-system', 'default', { mtls: { mode: 'STRICT' } }),
    object('security', 'AuthorizationPolicy', 'istio-system', 'default-allow', { action: 'ALLOW' }),
  ],
}
`;

const file = (service: BenchService) => `local mesh = import '../mesh.libsonnet';

mesh.service({
  name: '${service.name}',
  namespace: '${service.namespace}',
  canary: { header: '${service.canary.header}', value: '${service.canary.value}' },
  timeout: '${service.timeout}',
  retries: { attempts: ${service.retries.attempts}, perTry: '${service.retries.perTry}' },
  callers: [
${service.callers.map(({ namespace, name }) => `    { namespace: '${namespace}'${name === undefined ? "" : `, name: '${name}'`} },\n`).join("")}  ],
  uses: [
${service.uses.map(({ namespace, name }) => `    { namespace: '${namespace}', name: '${name}' },\n`).join("")}  ],
})
`;

/** jsonnet: a shared library, a file a service, and a main file that imports them all (jsonnet has no computed imports). */
export const jsonnetSources: Sources = (services) => ({
  "mesh.libsonnet": library,
  "main.jsonnet": `local mesh = import 'mesh.libsonnet';

mesh.defaults + [
  object
  for service in [
${services.map((service) => `    import 'services/${service.name}.jsonnet',\n`).join("")}  ]
  for object in service
]
`,
  ...Object.fromEntries(services.map((service) => [`services/${service.name}.jsonnet`, file(service)])),
});
