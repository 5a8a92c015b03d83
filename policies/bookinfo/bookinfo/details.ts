import { allow, policy, route } from "meshwright";
import { details, productpage } from "#graph/bookinfo";
import books from "./google-books.ts";

export default policy(details, {
  routes: [
    route({
      to: details,
      timeout: "1s",
      headers: {
        request: { set: { "x-caller": "mesh" }, remove: ["x-debug"] },
        response: { add: { "x-served-by": "details" } },
      },
    }),
  ],
  allow: [allow({ from: productpage, methods: ["GET"], paths: [{ prefix: "/details" }] })],
  uses: [books],
});
