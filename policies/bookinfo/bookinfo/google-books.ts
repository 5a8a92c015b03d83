import { external } from "meshwright";
import { namespace } from "#graph/bookinfo";

/** Applications call http://www.googleapis.com; the proxy speaks HTTPS. */
export default external(namespace, {
  host: "www.googleapis.com",
  port: 80,
  tls: { port: 443 },
  resolve: "dns",
  timeout: "3s",
});
