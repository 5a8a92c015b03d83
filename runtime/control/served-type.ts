import { proxyConfigTypeUrl } from "../../targets/native/discovery.ts";
import { resourceTypes, typeUrls, type ResourceType } from "../../targets/xds/resource.ts";

/** What proxies ask for: an Envoy all of Envoy's types, the project's own proxy its whole configuration as one resource. */
export type ServedType = ResourceType | "proxyConfig";

/** In the order in which additions are safe; `proxyConfig` needs nothing and nothing needs it. */
export const servedTypes: readonly ServedType[] = [...resourceTypes, "proxyConfig"];

/** As discovery requests name them. */
export const servedTypeUrls: Readonly<Record<ServedType, string>> = { ...typeUrls, proxyConfig: proxyConfigTypeUrl };

/** Something of each type. */
export const ofEachType = <T>(of: (type: ServedType) => T): Record<ServedType, T> =>
  Object.fromEntries(servedTypes.map((type) => [type, of(type)])) as Record<ServedType, T>;
