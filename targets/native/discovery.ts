/** What a proxy and whoever tells it over the network call things: both sides go by it. */

/**
 * The type of a `ProxyConfig` in discovery requests; a resource is named by its workload. In its `Any` the message has one
 * field, number 1: the configuration's JSON, as bytes. Protobuf's own `BytesValue` has the same form.
 */
export const proxyConfigTypeUrl = "type.googleapis.com/meshwright.proxy.v1.ProxyConfig";

/** The user agent of the project's own proxy: who names itself so is told nothing that is for Envoys, and the other way round. */
export const proxyUserAgent = "mesh-proxy";
