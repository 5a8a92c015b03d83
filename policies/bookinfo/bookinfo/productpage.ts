import { allow, policy } from "meshwright";
import { details, productpage, reviews } from "#graph/bookinfo";
import { gateways } from "#graph/istio-ingress";

export default policy(productpage, {
  allow: [allow({ from: gateways["istio-ingress"], methods: ["GET", "POST"] })],
  uses: [details, reviews],
});
