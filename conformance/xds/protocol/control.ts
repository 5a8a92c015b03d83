import { Server, ServerCredentials } from "@grpc/grpc-js";
import { adsServer, adsServerOptions, type AdsServer, type Refusal } from "../../../runtime/control/ads/index.ts";
import type { View } from "../../../runtime/control/view.ts";

/** A discovery server on loopback, with one view for all. */
export interface Control {
  readonly port: number;
  readonly ads: AdsServer;
  readonly refusals: readonly Refusal[];
  readonly shows: (view: View) => void;
  /** As a crash would: connections are cut. */
  readonly killed: () => void;
}

/** Somewhat longer than the drain time of the Envoys here. */
const drainMs = 1500;

export const control = async (first: View, port = 0): Promise<Control> => {
  let shown = first;
  const refusals: Refusal[] = [];
  const ads = adsServer({
    admitted: (_, { id }) => ({ client: { name: id, key: id } }),
    viewOf: () => shown,
    onRefusal: (refusal) => refusals.push(refusal),
    log: () => undefined,
    limits: { drainMs },
  });
  const server = new Server(adsServerOptions());
  ads.addTo(server);
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port: bound,
    ads,
    refusals,
    shows: (view) => {
      shown = view;
      ads.changed();
    },
    killed: () => server.forceShutdown(),
  };
};
