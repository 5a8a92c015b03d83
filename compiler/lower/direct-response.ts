import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { Responding, Route } from "../../lib/intent/index.ts";
import type { DirectResponse } from "../../lib/model/route.ts";
import type { Report } from "./context.ts";

export const responds = (route: Route): route is Route & Responding => route.respond !== undefined;

/** Istio's limit (`validateHTTPDirectResponse`), and what Envoys are told to hold (`max_direct_response_body_size_bytes`). */
const longest = 1_048_576;

/** A response with all of its parts; reports what no proxy takes, or what each would send otherwise. */
export const directResponse = ({ respond, headers }: Responding, origin: Origin, report: Report): DirectResponse => {
  const { status, body = "" } = respond;
  const place = at(origin, "respond");
  if (!Number.isInteger(status) || status < 200 || status > 599) report("MESH2030", { status }, at(place, "status"));
  const bytes = Buffer.byteLength(body);
  if (bytes > longest) report("MESH2031", { bytes, longest }, at(place, "body"));
  if (body !== "" && [204, 205, 304].includes(status)) report("MESH2032", { status }, at(place, "body"));
  const names = Object.keys(headers?.response?.set ?? {}).map((name) => name.toLowerCase());
  if (status >= 300 && status < 400 && !names.includes("location")) report("MESH2033", { status }, at(place, "status"));
  return { status, body };
};
