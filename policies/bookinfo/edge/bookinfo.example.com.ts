import { ingress, route } from "meshwright";
import { namespace, productpage } from "#graph/bookinfo";
import { gateways } from "#graph/istio-ingress";

export default ingress(namespace, {
  gateway: gateways["istio-ingress"],
  port: 80,
  hosts: ["bookinfo.example.com"],
  routes: [
    route({
      when: [
        { path: "/productpage" },
        { prefix: "/static" },
        { path: "/login" },
        { path: "/logout" },
        { prefix: "/api/v1/products" },
      ],
      to: productpage,
    }),
  ],
});
