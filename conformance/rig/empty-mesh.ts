import { defaultPlatform } from "../../lib/graph/platform.ts";
import type { Mesh } from "../../lib/model/mesh.ts";

/** What proxies are told before anybody is told anything. */
export const emptyMesh: Mesh = {
  platform: defaultPlatform,
  workloads: [],
  destinations: [],
  gateways: [],
  authorizations: [],
  mtls: [],
  scopes: [],
};
