import type { HttpRequest } from "./call.ts";
import type { HeaderEdits } from "./route.ts";

type Headers = HttpRequest["headers"];

/** Headers after a route's edits: removals, then replacements, then additions (Envoy, `HeaderParser::evaluateHeaders`). */
export const editedHeaders = (headers: Headers, edits: HeaderEdits): Headers => {
  let edited = headers.filter(([name]) => !edits.remove.includes(name));
  for (const [name, value] of edits.set) edited = [...edited.filter(([key]) => key !== name), [name, value]];
  return [...edited, ...edits.add];
};
