import { type BenchService, ports } from "../mesh.ts";
import type { Sources } from "../sources.ts";

/** The shared package file: a closed definition of what a service may say, and the template of its five objects. */
const template = `package mesh

#Duration: =~"^[0-9.]+(ms|s|m|h)$"

// #Caller is a service, or everybody in a namespace.
#Caller: {
	namespace!: string
	name:       string | *"*"
}

#Service: {
	name!:      string
	namespace!: string
}

// #Policy is what a team writes about its service.
#Policy: {
	name!:      string
	namespace!: string
	canary!: {header!: string, value!: string}
	timeout!: #Duration
	retries!: {attempts!: int & >0, perTry!: #Duration}
	callers: [...#Caller]
	uses: [...#Service]
}

services: [Name=string]: #Policy & {name: Name}

// objects is what the mesh is exported as: five objects for each service in one list, and the mesh's own.
objects: [for s in services
	let fqdn = "\\(s.name).\\(s.namespace).svc.cluster.local"
	let managed = {"app.kubernetes.io/managed-by": "meshwright"}
	let meta = {name: s.name, namespace: s.namespace, labels: managed}
	let app = {app: s.name}
	let treatment = {
		timeout: s.timeout
		retries: {attempts: s.retries.attempts, perTryTimeout: s.retries.perTry, retryOn: "5xx,reset"}
	}
	for o in [{
		apiVersion: "networking.istio.io/v1"
		kind:       "VirtualService"
		metadata:   meta
		spec: {
			hosts: [fqdn]
			http: [{
				match: [{headers: (s.canary.header): exact: s.canary.value}]
				route: [{destination: {host: fqdn, subset: "v2", port: number: ${ports.service}}}]
				treatment
			}, {
				route: [
					{destination: {host: fqdn, subset: "v1", port: number: ${ports.service}}, weight: 90},
					{destination: {host: fqdn, subset: "v2", port: number: ${ports.service}}, weight: 10},
				]
				treatment
			}]
		}
	}, {
		apiVersion: "networking.istio.io/v1"
		kind:       "DestinationRule"
		metadata:   meta
		spec: {
			host: fqdn
			subsets: [{name: "v1", labels: version: "v1"}, {name: "v2", labels: version: "v2"}]
		}
	}, {
		apiVersion: "security.istio.io/v1"
		kind:       "PeerAuthentication"
		metadata:   meta
		spec: {selector: matchLabels: app, mtls: mode: "STRICT"}
	}, {
		apiVersion: "security.istio.io/v1"
		kind:       "AuthorizationPolicy"
		metadata: {name: "\\(s.name)-allow", namespace: s.namespace, labels: managed}
		spec: {
			selector: matchLabels: app
			action: "ALLOW"
			rules: [{
				from: [{source: principals: [for c in s.callers {"cluster.local/ns/\\(c.namespace)/sa/\\(c.name)"}]}]
				to: [{operation: ports: ["${ports.workload}"]}]
			}]
		}
	}, {
		apiVersion: "networking.istio.io/v1"
		kind:       "Sidecar"
		metadata:   meta
		spec: {
			workloadSelector: labels: app
			egress: [{hosts: [for d in s.uses {"\\(d.namespace)/\\(d.name).\\(d.namespace).svc.cluster.local"}]}]
		}
	}] {o}, {
	apiVersion: "security.istio.io/v1"
	kind:       "PeerAuthentication"
	metadata: {name: "default", namespace: "istio-system", labels: "app.kubernetes.io/managed-by": "meshwright"}
	spec: mtls: mode: "STRICT"
}, {
	apiVersion: "security.istio.io/v1"
	kind:       "AuthorizationPolicy"
	metadata: {name: "default-allow", namespace: "istio-system", labels: "app.kubernetes.io/managed-by": "meshwright"}
	spec: action: "ALLOW"
}]
`;

const file = (service: BenchService) => `package mesh

services: "${service.name}": {
	namespace: "${service.namespace}"
	canary: {header: "${service.canary.header}", value: "${service.canary.value}"}
	timeout: "${service.timeout}"
	retries: {attempts: ${service.retries.attempts}, perTry: "${service.retries.perTry}"}
	callers: [
${service.callers.map(({ namespace, name }) => `\t\t{namespace: "${namespace}"${name === undefined ? "" : `, name: "${name}"`}},\n`).join("")}\t]
	uses: [
${service.uses.map(({ namespace, name }) => `\t\t{namespace: "${namespace}", name: "${name}"},\n`).join("")}\t]
}
`;

/**
 * CUE: one package, a closed definition and a template, and a file a service; `cue export . -e objects` flattens.
 * Of the idioms tried (objects inside each service, a definition of objects unified with each service, one comprehension)
 * this one is the fastest and the smallest.
 */
export const cueSources: Sources = (services) => ({
  "cue.mod/module.cue": `module: "mesh.example"\nlanguage: version: "v0.17.0"\n`,
  "template.cue": template,
  ...Object.fromEntries(services.map((service) => [`${service.name}.cue`, file(service)])),
});
