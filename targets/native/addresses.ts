import type { Instance } from "../../lib/graph/placement.ts";
import type { Platform } from "../../lib/graph/platform.ts";

/** This machine, for nobody else to reach. */
export const loopbackAddress = "127.0.0.1";

/** Any address of the instance's own kind. */
export const anyAddress = ({ address }: Instance): string => (address.includes(":") ? "::" : "0.0.0.0");

export interface Socket {
  readonly address: string;
  readonly port: number;
}

/** Where a proxy listens for calls of its application to a service; undefined where applications cannot dial it. */
export const outboundSocket = (instance: Instance, service: string, port: number): Socket | undefined => {
  if (instance.loopback === undefined) return { address: anyAddress(instance), port };
  const listening = instance.loopback.services[service];
  // Whoever reaches it calls as this workload: only the machine itself may.
  return listening === undefined ? undefined : { address: loopbackAddress, port: listening };
};

/** Where others reach a port of the workload, and where the proxy reaches the application; undefined where there is none. */
export const inboundSockets = (
  instance: Instance,
  port: number,
): { readonly listening: Socket; readonly application: Socket } | undefined => {
  const application = instance.loopback === undefined ? port : instance.loopback.applications[port];
  return application === undefined
    ? undefined
    : {
        listening: { address: instance.address, port: instance.ports?.[port] ?? port },
        // Never at the address at which the proxy itself listens.
        application: { address: loopbackAddress, port: application },
      };
};

/** Where a gateway listens. */
export const gatewaySocket = (instance: Instance, port: number): Socket => ({
  address: instance.loopback === undefined ? anyAddress(instance) : instance.address,
  port: instance.ports?.[port] ?? port,
});

/** What becomes of calls of which nothing is known: where nothing captures them there is no address to pass them on to. */
export const unknownCalls = ({ outbound }: Platform, { loopback }: Instance): "refuse" | "pass" =>
  outbound === "allow-any" && loopback === undefined ? "pass" : "refuse";
