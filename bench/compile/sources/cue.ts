import type { BenchService } from "../mesh.ts";
import type { Sources } from "../sources.ts";

/** The shared package file: a closed definition of what a service may say, and the template of its five objects. */
const template = `package mesh

#Duration: =~"^[0-9]+(ms|s|m|h)$"

// #Ref names another service of the mesh.
#Ref: {
	name!:      string
	namespace!: string
}

// #Service is what a team writes about its service.
#Service: {
	name!:      string
	namespace!: string
	canary!: {header!: string, value!: string}
	timeout!: #Duration
	retries!: {attempts!: int & >0, perTry!: #Duration}
	callers: [...#Ref]
	uses: [...#Ref]
}

services: [Name=string]: #Service & {name: Name}

// objects is what the mesh is exported as: five objects for each service, in one list.
objects: [for s in services
	let fqdn = "\\(s.name).\\(s.namespace).svc.cluster.local"
	let meta = {name: s.name, namespace: s.namespace}
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
			gateways: ["mesh"]
			http: [{
				match: [{headers: (s.canary.header): exact: s.canary.value}]
				route: [{destination: {host: fqdn, subset: "v2"}, weight: 100}]
				treatment
			}, {
				route: [
					{destination: {host: fqdn, subset: "v1"}, weight: 90},
					{destination: {host: fqdn, subset: "v2"}, weight: 10},
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
		metadata:   meta
		spec: {
			selector: matchLabels: app
			action: "ALLOW"
			rules: [{from: [{source: principals: [for c in s.callers {"cluster.local/ns/\\(c.namespace)/sa/\\(c.name)"}]}]}]
		}
	}, {
		apiVersion: "networking.istio.io/v1"
		kind:       "Sidecar"
		metadata:   meta
		spec: {
			workloadSelector: labels: app
			egress: [{hosts: [for d in s.uses {"\\(d.namespace)/\\(d.name).\\(d.namespace).svc.cluster.local"}]}]
		}
	}] {o}]
`;

const ref = (service: BenchService) => `{name: "${service.name}", namespace: "${service.namespace}"}`;

const file = (service: BenchService) => `package mesh

services: "${service.name}": {
	namespace: "${service.namespace}"
	canary: {header: "${service.canaryHeader.name}", value: "${service.canaryHeader.value}"}
	timeout: "${service.timeout}"
	retries: {attempts: ${service.attempts}, perTry: "${service.perTry}"}
	callers: [
${service.callers.map((each) => `\t\t${ref(each)},\n`).join("")}\t]
	uses: [
${service.uses.map((each) => `\t\t${ref(each)},\n`).join("")}\t]
}
`;

/** CUE: one package, a closed definition and a template, and a file a service; `cue export . -e objects` flattens. */
export const cueSources: Sources = (services) => ({
  "cue.mod/module.cue": `module: "mesh.example"\nlanguage: version: "v0.17.0"\n`,
  "template.cue": template,
  ...Object.fromEntries(services.map((service) => [`${service.name}.cue`, file(service)])),
});
