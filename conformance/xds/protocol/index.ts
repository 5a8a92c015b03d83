import type { Suite } from "../../suite.ts";
import { envoys } from "./envoy.ts";
import { grpcClient } from "./grpc-client.ts";

/** The discovery protocol against the clients that speak it. */
export const protocolConformance: Suite = async (verdicts) => {
  for (const held of [grpcClient, ...envoys]) await held(verdicts);
};
