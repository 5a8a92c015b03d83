import { at, type Origin } from "../../../lib/diagnostics/origin.ts";
import type { Ingress, Policy, Route, ServicePolicy } from "../../../lib/intent/index.ts";
import type { Authored } from "../../lower/intents.ts";

/** Every route as its author wrote it: a written one stands in many route tables. */
export const writtenRoutes = ({
  intent,
  origin,
}: Authored<Policy> | Authored<Ingress>): readonly { readonly route: Route; readonly origin: Origin }[] => {
  const [routes = [], place] =
    "intent" in intent
      ? [(intent.intent as ServicePolicy).routes, at(origin, "intent", "routes")]
      : [intent.routes, at(origin, "routes")];
  return routes.map((route, index) => ({ route, origin: at(place, index) }));
};
