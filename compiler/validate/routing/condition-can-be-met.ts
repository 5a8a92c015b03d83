import { at, type Origin } from "../../../lib/diagnostics/origin.ts";
import type { HeaderCondition, HeaderExclusion, When } from "../../../lib/intent/index.ts";
import { implies } from "../../../lib/model/header-conditions.ts";
import type { StatedHeader } from "../../../lib/model/route.ts";
import { lawOfEach } from "../law.ts";
import { writtenRoutes } from "./written-routes.ts";

/** What a header must be and must not be at once: platforms take such a condition silently, and nothing ever meets it. */
export const conditionCanBeMet = lawOfEach("MESH2029", ["policies", "ingresses"], [], (authored, _, report) => {
  for (const { route, origin } of writtenRoutes(authored))
    for (const [condition, place] of conditions(route.when, at(origin, "when")))
      for (const [name, exclusion] of Object.entries(condition.withoutHeaders ?? {})) {
        const stated = Object.entries(condition.headers ?? {}).find(
          ([other, wanted]) =>
            other.toLowerCase() === name.toLowerCase() && implies(statedHeader(wanted), statedHeader(exclusion)),
        );
        if (stated !== undefined) report(at(place, "withoutHeaders", name), { name });
      }
});

const conditions = (when: When | readonly When[] | undefined, origin: Origin): readonly (readonly [When, Origin])[] => {
  if (when === undefined) return [];
  return isList(when) ? when.map((one, index) => [one, at(origin, index)] as const) : [[when, origin]];
};

const isList = (when: When | readonly When[]): when is readonly When[] => Array.isArray(when);

/** Of a header that two conditions have in common; one that must be absent contradicts no exclusion. */
const statedHeader = (condition: HeaderCondition | HeaderExclusion): StatedHeader =>
  typeof condition === "string"
    ? { name: "", kind: "exact", value: condition }
    : typeof condition.prefix === "string"
      ? { name: "", kind: "prefix", value: condition.prefix }
      : { name: "", kind: "present" };
