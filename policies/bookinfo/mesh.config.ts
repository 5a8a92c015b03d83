import { mesh } from "meshwright";

export default mesh({
  folders: { bookinfo: ["bookinfo"], edge: ["bookinfo", "istio-ingress"] },
  environments: ["staging", "production"],
  defaults: { mtls: "strict", access: "nobody" },
});
