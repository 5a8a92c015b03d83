import { allow, policy, route, split } from "meshwright";
import { greeter, workloads } from "#graph/greeter";

export default policy(greeter, {
  routes: [route({ to: split(greeter, { v1: 90, v2: 10 }) })],
  allow: [allow({ from: workloads.caller, methods: ["GET"] })],
});
