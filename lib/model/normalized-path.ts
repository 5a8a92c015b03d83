import type { PathNormalization } from "../graph/platform.ts";

/**
 * The request target as a proxy sees and forwards it. Envoy (`source/common/http/path_utility.cc`) drops a fragment,
 * then unescapes slashes, resolves dot segments and unreserved escapes by the URL standard, and merges slashes; which
 * of these is the platform's choice. The query is untouched.
 */
export const normalizedTarget = (target: string, normalization: PathNormalization): string => {
  const withoutFragment = target.replace(/#.*$/s, "");
  // `OPTIONS *` asks about no path.
  if (normalization === "none" || !withoutFragment.startsWith("/")) return withoutFragment;
  const queryAt = withoutFragment.indexOf("?");
  const query = queryAt === -1 ? "" : withoutFragment.slice(queryAt);
  let path = queryAt === -1 ? withoutFragment : withoutFragment.slice(0, queryAt);
  if (normalization === "decode-and-merge-slashes") path = path.replace(/%2f/gi, "/").replace(/%5c/gi, "\\");
  path = withoutDotSegments(withCanonicalCharacters(path));
  if (normalization !== "base") path = path.replace(/\/{2,}/g, "/");
  return path + query;
};

/** Unreserved characters (RFC 3986, section 2.3) lose their escapes; what a path may not hold gains one; `\` is `/`. */
const withCanonicalCharacters = (path: string): string =>
  path
    .replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9\-._~]/.test(character) ? character : escape;
    })
    .replace(/\\/g, "/")
    .replace(/[ "<>`{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const withoutDotSegments = (path: string): string => {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === "..") kept.pop();
    if (segment !== "." && segment !== "..") kept.push(segment);
    else if (last) kept.push("");
  });
  return `/${kept.join("/")}`;
};
