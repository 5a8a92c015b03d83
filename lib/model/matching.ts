import { headerValue, pathOf, type HttpRequest } from "./call.ts";
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

const holdsOfHeader = (match: HeaderMatch, request: HttpRequest): boolean => {
  const value = headerValue(request, match.name);
  switch (match.kind) {
    case "absent":
      return value === undefined;
    case "present":
      return value !== undefined;
    case "exact":
      return value === match.value;
    case "prefix":
      return value?.startsWith(match.value) ?? false;
  }
};
