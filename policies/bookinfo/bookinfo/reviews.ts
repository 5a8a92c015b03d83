import { allow, policy, route, split, vary } from "meshwright";
import { productpage, ratings, reviews } from "#graph/bookinfo";

/** How much of everybody's traffic the next version gets: less where it hurts. */
const canary = vary({ default: 50, production: 10 });

export default policy(reviews, {
  routes: [
    route({ when: { headers: { "end-user": "jason" } }, to: reviews.v2 }),
    route({
      to: split(reviews, { v1: 100 - canary, v3: canary }),
      timeout: "2s",
      retries: { attempts: 2, perTry: "500ms", on: ["5xx", "reset", "connect-failure"] },
    }),
  ],
  allow: [allow({ from: productpage, methods: ["GET"] })],
  uses: [ratings],
});
