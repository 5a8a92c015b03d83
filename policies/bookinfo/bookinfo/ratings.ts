import { allow, deny, policy } from "meshwright";
import { ratings, reviews } from "#graph/bookinfo";

export default policy(ratings, {
  allow: [allow({ from: reviews, paths: [{ prefix: "/ratings" }] })],
  deny: [deny({ from: "anyone", methods: ["DELETE"] })],
});
