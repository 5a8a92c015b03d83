import type { Suite } from "../../suite.ts";
import { envoyDelta, envoySotw } from "./envoy.ts";
import { grpcClient } from "./grpc-client.ts";

/** The discovery protocol against the clients that speak it. */
export const protocolConformance: Suite = async (verdicts) => {
  for (const held of [grpcClient, envoyDelta, envoySotw]) await held(verdicts);
};
