import { at, type Origin } from "../../../lib/diagnostics/origin.ts";
import type { Route, ServicePolicy } from "../../../lib/intent/index.ts";
import type { Subject } from "../law.ts";

/** Every route as its author wrote it: a written one stands in many route tables. */
export const writtenRoutes = ({
  policies,
  ingresses,
}: Pick<Subject, "policies" | "ingresses">): readonly { readonly route: Route; readonly origin: Origin }[] =>
  [
    ...policies.map(({ intent, origin }) => ({
      routes: (intent.intent as ServicePolicy).routes,
      origin: at(origin, "intent", "routes"),
    })),
    ...ingresses.map(({ intent, origin }) => ({ routes: intent.routes, origin: at(origin, "routes") })),
  ].flatMap(({ routes = [], origin }) => routes.map((route, index) => ({ route, origin: at(origin, index) })));
