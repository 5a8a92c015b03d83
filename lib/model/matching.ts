import { headerValues, pathOf, type HttpRequest } from "./call.ts";
import type { HeaderMatch, Match, PathMatch } from "./route.ts";

/** Whether all that a match states holds of a request whose path is already normalised. */
export const holds = (match: Match, request: HttpRequest): boolean =>
  holdsOfPath(match.path, pathOf(request)) && match.headers.every((header) => holdsOfHeader(header, request));

export const holdsOfPath = (match: PathMatch, path: string): boolean => {
  switch (match.kind) {
    case "any":
      return true;
    case "exact":
      return path === match.value;
    case "prefix":
      return path.startsWith(match.value);
  }
};

/**
 * What must be there holds if it holds of one of several values, what must not if it holds of none (Envoy compares each
 * header line by itself, and inverts what it found of all of them).
 */
const holdsOfHeader = (match: HeaderMatch, request: HttpRequest): boolean => {
  const values = headerValues(request, match.name);
  switch (match.kind) {
    case "absent":
      return values.length === 0;
    case "present":
      return values.length > 0;
    case "exact":
      return values.includes(match.value);
    case "prefix":
      return values.some((value) => value.startsWith(match.value));
    case "not-exact":
      return !values.includes(match.value);
    case "not-prefix":
      return !values.some((value) => value.startsWith(match.value));
  }
};
