import type { PathNormalization } from "../graph/platform.ts";

/**
 * The request target as a proxy sees and forwards it. Envoy (`source/common/http/path_utility.cc`) drops a fragment,
 * then unescapes slashes, resolves dot segments and unreserved escapes by the URL standard, and merges slashes; which
 * of these is the platform's choice. The query is untouched. Where anything is done to paths, one with `%00` is no
 * request: Envoy answers 400 (googleurl finds it invalid), and so does this project's own proxy.
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
  (path.includes("%") ? withoutNeedlessEscapes(path) : path)
    .replace(/\\/g, "/")
    .replace(/[ "<>`{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * INVARIANT: nothing that this makes can be unescaped once more, or a second proxy, or the application, would see a path that the
 * first one did not judge. A `%` that begins no escape becomes `%25` where what follows would make it begin one
 * (googleurl, `url_canon_path.cc`, `CheckForNestedEscapes`).
 */
const withoutNeedlessEscapes = (path: string): string => {
  // Characters and escapes: a text that grows and is looked at in turn is copied each time.
  const made: string[] = [];
  /** Of the last `%` that began no escape. */
  let bareAt = -1;
  for (let at = 0; at < path.length; at += 1) {
    const escape = path[at] === "%" ? escapeAt(path, at) : undefined;
    if (escape === undefined) {
      if (path[at] === "%") bareAt = made.length;
      made.push(path[at]!);
      continue;
    }
    at += 2;
    const character = String.fromCharCode(Number.parseInt(escape, 16));
    if (!/[A-Za-z0-9\-._~]/.test(character)) {
      made.push(`%${escape}`);
      continue;
    }
    made.push(character);
    const isNested =
      bareAt >= 0 &&
      bareAt >= made.length - 3 &&
      escapeAt(`%${made.slice(bareAt + 1).join("")}${path[at + 1] ?? ""}`, 0) !== undefined;
    if (isNested) made[bareAt] = "%25";
  }
  return made.join("");
};

/** The two digits of an escape that begins there. */
const escapeAt = (text: string, at: number): string | undefined => {
  const digits = text.slice(at + 1, at + 3);
  return /^[0-9a-f]{2}$/i.test(digits) ? digits : undefined;
};

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
