import { typed, type AccessLog } from "../messages.ts";
import type { Surroundings } from "./surroundings.ts";

/** One JSON object a line: who called what, what came of it, and which route and cluster it took. Names as in Istio's own JSON log. */
const fields = {
  start_time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  protocol: "%PROTOCOL%",
  authority: "%REQ(:AUTHORITY)%",
  response_code: "%RESPONSE_CODE%",
  response_flags: "%RESPONSE_FLAGS%",
  response_code_details: "%RESPONSE_CODE_DETAILS%",
  connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%",
  upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  duration: "%DURATION%",
  request_id: "%REQ(X-REQUEST-ID)%",
  route_name: "%ROUTE_NAME%",
  upstream_cluster: "%UPSTREAM_CLUSTER%",
  upstream_host: "%UPSTREAM_HOST%",
  downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%",
  downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
  downstream_peer_uri_san: "%DOWNSTREAM_PEER_URI_SAN%",
};

export const accessLog = ({ accessLog: where }: Surroundings): { readonly accessLog?: AccessLog[] } =>
  where === "none"
    ? {}
    : {
        accessLog: [
          {
            name: "envoy.access_loggers.stdout",
            typedConfig: typed("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {
              logFormat: { jsonFormat: fields },
            }),
          },
        ],
      };
