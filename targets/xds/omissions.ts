import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { Placement } from "../../lib/graph/placement.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import { addressesOf } from "../../lib/model/callable.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Destination, Host, Mesh } from "../../lib/model/mesh.ts";
import { isCapturePort } from "./emit/names.ts";

/** What some proxy may call and none can reach, because nobody says where it is. */
export const omissions = (mesh: Mesh, placement: Placement): readonly Diagnostic[] => {
  const anything = Object.values(placement.instances).some((instances) => instances.length > 0);
  if (!anything && mesh.workloads.some(({ proxy }) => proxy !== "none"))
    return [diagnostic("MESH5007", { what: "anything", effect: "proxies know no endpoints" })];
  return [...called(mesh)].sort().flatMap((host) => {
    const destination = lookup(mesh).destination(host);
    return destination === undefined ? [] : missing(destination, placement);
  });
};

const missing = (destination: Destination, placement: Placement): readonly Diagnostic[] => {
  const { host, kind, origin, workloads, ports } = destination;
  if (kind === "external") return [];
  const instances = workloads.flatMap((id) => placement.instances[id] ?? []);
  const at = { place: { origin } };
  if (instances.length === 0)
    return [diagnostic("MESH5007", { what: host, effect: "whoever calls it is answered 503" }, at)];
  const taken = ports.find(({ number }) => isCapturePort(number));
  if (taken !== undefined && instances.every(({ loopback }) => loopback === undefined))
    return [diagnostic("MESH5008", { host, port: taken.number }, at)];
  const isCaptured = instances.every(({ loopback }) => loopback === undefined);
  const opaque = ports.filter(({ protocol }) => !carriesHttp(protocol));
  // Headless ones are dialled at their instances.
  if (!isCaptured || kind === "headless" || opaque.length === 0 || addressesOf(destination, placement).length > 0)
    return [];
  return [
    diagnostic(
      "MESH5007",
      {
        what: `the service ${host}`,
        effect: `calls to its port ${opaque[0]?.number} are known by instances' addresses alone`,
      },
      at,
    ),
  ];
};

/** What is in some proxy's scope, or behind some gateway. */
const called = ({ scopes, gateways }: Mesh): ReadonlySet<Host> =>
  new Set([
    ...scopes.flatMap(({ hosts }) => hosts),
    ...gateways.flatMap(({ listeners }) =>
      listeners.flatMap(({ virtualHosts }) =>
        virtualHosts.flatMap(({ routes }) => routes.flatMap(({ backends }) => backends.map(({ host }) => host))),
      ),
    ),
  ]);
