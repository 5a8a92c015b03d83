import { policy } from "meshwright";
import { gateways } from "#graph/istio-ingress";

/** The edge is open; who may call what behind it is each service's own business. */
export default policy(gateways["istio-ingress"], { allow: "anyone" });
