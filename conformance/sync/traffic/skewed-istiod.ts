import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { istiod, type Istiod, type IstiodOptions } from "../../rig/istiod/istiod.ts";
import { ports } from "../../rig/istiod/ports.ts";
import type { Site } from "../../rig/plane.ts";
import { child, eventually } from "../../rig/process.ts";

/** istiod with a relay before it, that lets each Envoy hear of everything as late as it is told to. */
export interface SkewedIstiod extends Istiod {
  /** From now on what istiod sends to the pod at this address takes so long. */
  readonly delayed: (address: string, milliseconds: number) => Promise<void>;
  /** istiod's monitoring port, for processes outside of the rig's namespaces. */
  readonly debugAddress: string;
  /** The API server's port, on loopback, likewise. */
  readonly apiPort: number;
}

const relayPorts = { listen: 15110, control: 15111 } as const;

export const skewedIstiod =
  (options: IstiodOptions) =>
  async (site: Site): Promise<SkewedIstiod> => {
    const program = join(import.meta.dirname, "relay-process.ts");
    const argv = [process.execPath, program, ...[relayPorts.listen, ports.discovery, relayPorts.control].map(String)];
    const relay = child(site.directory, "relay", argv, { inside: site.anchor.pid });
    const delayed = async (address: string, milliseconds: number): Promise<void> =>
      void (await site.agent.fetched(relayPorts.control, `/${address}/${milliseconds}`));
    const forwards: Server[] = [];
    const forwarded = async (port: number): Promise<number> => {
      const server = createServer((socket) => {
        const inside = site.agent.dialled("127.0.0.1", port);
        socket.on("error", () => inside.destroy());
        inside.on("error", () => socket.destroy());
        socket.pipe(inside).pipe(socket);
      });
      forwards.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return (server.address() as { readonly port: number }).port;
    };
    const stopped = async (): Promise<void> => {
      for (const server of forwards) server.close();
      await relay.stop(0);
    };
    try {
      await eventually("the relay listens", () => delayed("nobody", 0).then(() => true), { needs: [relay] });
      const plane = await istiod({ ...options, discoveryPort: relayPorts.listen })(site);
      const [debugPort, apiPort] = [await forwarded(ports.debug), await forwarded(ports.api)];
      return {
        ...plane,
        delayed,
        debugAddress: `http://127.0.0.1:${debugPort}`,
        apiPort,
        stop: async () => {
          await plane.stop();
          await stopped();
        },
      };
    } catch (error) {
      await stopped();
      throw error;
    }
  };
