import type { Mesh } from "../../../lib/model/mesh.ts";
import type { HeaderMatch, PathMatch, Route } from "../../../lib/model/route.ts";
import { noEdits } from "../../../lib/model/route.ts";

/** A slip as somebody could make it in our own code; the harness must notice each. */
export interface Fault {
  readonly name: string;
  readonly planted: (mesh: Mesh) => Mesh;
}

const routes =
  (edit: (routes: readonly Route[]) => readonly Route[]) =>
  (mesh: Mesh): Mesh => ({
    ...mesh,
    destinations: mesh.destinations.map((destination) => ({
      ...destination,
      ports: destination.ports.map((port) => ({ ...port, routes: edit(port.routes) })),
    })),
  });

const swapped = (header: HeaderMatch): HeaderMatch =>
  header.kind === "present"
    ? { name: header.name, kind: "absent" }
    : header.kind === "absent"
      ? { name: header.name, kind: "present" }
      : header;
const unsegmented = (path: PathMatch): PathMatch =>
  path.kind === "prefix" ? { kind: "prefix", value: path.value.replace(/\/$/, "") } : path;

export const faults: readonly Fault[] = [
  { name: "the last route decides instead of the first", planted: routes((all) => [...all].reverse()) },
  {
    name: "a prefix forgets its segment",
    planted: (mesh) => ({
      ...routes((all) =>
        all.map((route) => ({
          ...route,
          matches: route.matches.map((match) => ({ ...match, path: unsegmented(match.path) })),
        })),
      )(mesh),
      authorizations: mesh.authorizations.map((one) => ({
        ...one,
        rules: one.rules.map((rule) => ({
          ...rule,
          paths: rule.paths === "any" ? "any" : rule.paths.map(unsegmented),
        })),
      })),
    }),
  },
  {
    name: "absent and present are mixed up",
    planted: routes((all) =>
      all.map((route) => ({
        ...route,
        matches: route.matches.map((match) => ({ ...match, headers: match.headers.map(swapped) })),
      })),
    ),
  },
  {
    name: "a header that is missing meets no exclusion",
    planted: routes((all) =>
      all.map((route) => ({
        ...route,
        matches: route.matches.map((match) => ({
          ...match,
          headers: match.headers.flatMap((header): readonly HeaderMatch[] =>
            header.kind === "not-exact" || header.kind === "not-prefix"
              ? [{ name: header.name, kind: "present" }, header]
              : [header],
          ),
        })),
      })),
    ),
  },
  {
    name: "paths are not normalised",
    planted: (mesh) => ({ ...mesh, platform: { ...mesh.platform, pathNormalization: "none" } }),
  },
  {
    name: "what a route responds by itself has another body",
    planted: routes((all) =>
      all.map((route) =>
        route.directResponse === "none" ? route : { ...route, directResponse: { ...route.directResponse, body: "x" } },
      ),
    ),
  },
  {
    name: "header edits are dropped",
    planted: routes((all) => all.map((route) => ({ ...route, requestHeaders: noEdits, responseHeaders: noEdits }))),
  },
];
