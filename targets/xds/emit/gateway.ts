import type { Gateway } from "../../../lib/model/mesh.ts";
import type { Listener } from "../messages.ts";
import type { Resource } from "../resource.ts";
import { httpAuthorization } from "./authorization.ts";
import { httpConnection } from "./connection.ts";
import { gatewayRoutes } from "./names.ts";
import type { Proxy } from "./proxy.ts";
import { configSource, socketAddress } from "./values.ts";

/** Where requests enter the mesh: authorization comes before routes. */
export const gatewayListeners = ({ listeners }: Gateway, proxy: Proxy): readonly Resource<Listener>[] =>
  listeners.map(({ target, virtualHosts }) => {
    const { instance, surroundings } = proxy;
    const address = instance?.loopback === undefined ? "0.0.0.0" : instance.address;
    const port = instance?.ports?.[target] ?? target;
    const name = `${address}_${port}`;
    const routeConfigName = gatewayRoutes(target);
    return {
      name,
      origins: virtualHosts.map(({ origin }) => origin),
      message: {
        name,
        address: socketAddress(address, port),
        trafficDirection: "OUTBOUND",
        filterChains: [
          {
            filters: [
              httpConnection(
                "gateway",
                `gateway_${target}`,
                { rds: { routeConfigName, configSource: configSource(surroundings.delivery, "rds", routeConfigName) } },
                httpAuthorization(proxy, instance?.ports?.[target] === undefined ? "any" : target),
                proxy,
              ),
            ],
          },
        ],
      },
    };
  });
