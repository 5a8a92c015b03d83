import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { HeaderEdits as Written } from "../../lib/intent/index.ts";
import type { HeaderEdits } from "../../lib/model/route.ts";
import type { Report } from "./context.ts";

/** Header edits with names in lower case, in a total order; reports names that are no names or stand twice. */
export const headerEdits = (written: Written | undefined, origin: Origin, report: Report): HeaderEdits => {
  const edits: HeaderEdits = {
    remove: [...new Set((written?.remove ?? []).map((name) => name.toLowerCase()))].sort(),
    set: pairs(written?.set),
    add: pairs(written?.add),
  };
  const places = [
    ...(written?.remove ?? []).map((name, index) => ({ name, origin: at(origin, "remove", index) })),
    ...Object.keys(written?.set ?? {}).map((name) => ({ name, origin: at(origin, "set", name) })),
    ...Object.keys(written?.add ?? {}).map((name) => ({ name, origin: at(origin, "add", name) })),
  ];
  const seen = new Set<string>();
  for (const place of places) {
    const name = place.name.toLowerCase();
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || proxyOwned(name))
      report("MESH2010", { name: place.name }, place.origin);
    if (seen.has(name)) report("MESH2012", { name }, place.origin);
    seen.add(name);
  }
  for (const [list, values] of [
    ["set", written?.set],
    ["add", written?.add],
  ] as const) {
    for (const [name, value] of Object.entries(values ?? {})) {
      if (value === "" || !canBeSent(value)) report("MESH2013", { name, value }, at(origin, list, name));
    }
  }
  return edits;
};

/** No control characters, and no spaces around it, which parsers take away. */
export const canBeSent = (value: string): boolean =>
  // eslint-disable-next-line no-control-regex
  !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value) && value === value.trim();

/** Headers that a proxy needs for itself: no edit may touch them (Istio refuses some of these, Envoy ignores others). */
const proxyOwned = (name: string): boolean =>
  name.startsWith(":") ||
  name.startsWith("x-envoy-") ||
  ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "x-forwarded-client-cert"].includes(
    name,
  );

const pairs = (written: Readonly<Record<string, string>> | undefined): HeaderEdits["set"] =>
  Object.entries(written ?? {})
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
