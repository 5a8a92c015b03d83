import { isDnsLabel } from "../../lib/graph/kubernetes-name.ts";
import type { Labels, Service, ServicePort } from "../../lib/graph/graph.ts";
import {
  below,
  isSet,
  itemsOf,
  labelsOf,
  portOf,
  refuseShape,
  report,
  section,
  textOf,
  textsOf,
  type Field,
} from "./field.ts";
import type { Manifest } from "./manifest.ts";
import { portProtocol } from "./port-protocol.ts";

/** A service as its manifest has it, before anybody knows who is behind it. */
export interface ServiceManifest {
  readonly service: Omit<Service, "workloads" | "subsets">;
  readonly manifest: Manifest;
  /** Where its ports stand, by number. */
  readonly portFields: ReadonlyMap<number, Field>;
}

export const serviceManifest = (manifest: Manifest): ServiceManifest | undefined => {
  const { namespace, name, root } = manifest;
  const spec = section(root, "spec");
  if (spec === undefined) return undefined;
  if (!isSet(spec)) return refuseShape(spec, "a mapping");
  const type = textOf(below(spec, "type")) ?? "ClusterIP";
  const selector = labelsOf(below(spec, "selector"));
  const kind = serviceKind(type, textOf(below(spec, "clusterIP")), selector);
  const portsField = below(spec, "ports");
  const fields = itemsOf(portsField);
  if (fields.length === 0 && kind === "cluster" && (!isSet(portsField) || portsField.node?.kind === "list"))
    refuseShape(portsField, "a list of at least one port");
  const ports = fields.flatMap((field) => servicePort(field, manifest, fields.length > 1) ?? []);
  refuseTwins(ports);
  const exportTo = textsOf(below(section(root, "metadata") ?? root, "annotations"))["networking.istio.io/exportTo"];
  if (exportTo !== undefined && exportTo.trim() !== "*") {
    report(manifest.nameField, "MESH4020", {
      object: root.object,
      field: "networking.istio.io/exportTo",
      effect: "hides it from some namespaces",
    });
  }
  if (kind === "unselected") report(manifest.nameField, "MESH4015", { service: `${namespace}/${name}` });
  return {
    service: {
      namespace,
      name,
      kind,
      // Two protocols on one number come in a stated order: what a proxy carries first.
      ports: ports
        .map(({ port }) => port)
        .sort((a, b) => a.number - b.number || Number(a.protocol === "udp") - Number(b.protocol === "udp")),
      selector,
      source: root.text.source,
    },
    manifest,
    portFields: new Map(ports.map(({ port, field }) => [port.number, field])),
  };
};

const serviceKind = (type: string, clusterIp: string | undefined, selector: Labels): Service["kind"] => {
  if (type === "ExternalName") return "external-name";
  if (Object.keys(selector).length === 0) return "unselected";
  return clusterIp === "None" ? "headless" : "cluster";
};

interface FoundPort {
  readonly port: ServicePort;
  readonly field: Field;
}

const servicePort = (
  field: Field,
  { namespace, name: serviceName }: Manifest,
  oneOfMany: boolean,
): FoundPort | undefined => {
  if (field.node?.kind !== "map") return refuseShape(field, "a mapping");
  const numberField = below(field, "port");
  const number = portOf(numberField);
  if (number === undefined) return isSet(numberField) ? undefined : refuseShape(numberField, "a port number");
  const service = `${namespace}/${serviceName}`;
  const nameField = below(field, "name");
  const name = textOf(nameField) ?? "";
  if (name === "" && oneOfMany) refuseShape(nameField, "set, since there are several ports");
  if (name !== "" && !isDnsLabel(name)) {
    report(nameField, "MESH4010", {
      what: "a port",
      name,
      rule: "lower-case letters, digits and `-`, at most 63, with a letter or digit at both ends",
    });
  }
  const target = targetPort(below(field, "targetPort"), number);
  const transport = textOf(below(field, "protocol")) ?? "TCP";
  if (transport !== "TCP" && transport !== "UDP") {
    if (transport === "SCTP") report(field, "MESH4023", { service, port: number, transport });
    else refuseShape(below(field, "protocol"), "TCP, UDP or SCTP");
    return undefined;
  }
  const appProtocol = textOf(below(field, "appProtocol"));
  const protocol = portProtocol({ number, name, transport, appProtocol });
  if (protocol === "undeclared") {
    const place = appProtocol !== undefined ? below(field, "appProtocol") : name !== "" ? nameField : numberField;
    report(place, "MESH4014", { service, port: number, name, appProtocol });
  }
  return { port: { number, name, protocol, target }, field };
};

const targetPort = (field: Field, otherwise: number): number | string => {
  const value = field.node?.kind === "scalar" ? field.node.value : undefined;
  if (!isSet(field) || value === 0) return otherwise;
  // A container port's name (RFC 6335): it holds a letter, so it is never taken for a number.
  if (
    typeof value === "string" &&
    value.length <= 15 &&
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value) &&
    /[a-z]/.test(value)
  )
    return value;
  if (typeof value === "number") return portOf(field) ?? otherwise;
  refuseShape(field, "a port number or a container port's name");
  return otherwise;
};

const refuseTwins = (ports: readonly FoundPort[]): void => {
  const numbers = new Set<string>();
  const names = new Set<string>();
  for (const { port, field } of ports) {
    const number = `${port.number}/${port.protocol === "udp"}`;
    if (numbers.has(number)) refuseShape(below(field, "port"), "one of its own");
    if (port.name !== "" && names.has(port.name)) refuseShape(below(field, "name"), "one of its own");
    numbers.add(number);
    names.add(port.name);
  }
};
