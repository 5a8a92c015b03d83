/** The parts of a SPIFFE ID; the path begins with a slash. */
export interface SpiffeParts {
  readonly trustDomain: string;
  readonly path: string;
}

const shape = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[a-zA-Z0-9._-]+)+)$/;

/**
 * The parts of a workload's SPIFFE ID, or undefined where it is none (SPIFFE-ID §2: at most 2048 bytes, a lower-case
 * trust domain, a path without empty, `.` or `..` segments; no port, user, query or fragment).
 */
export const spiffeParts = (id: string): SpiffeParts | undefined => {
  if (id.length > 2048) return undefined;
  const [, trustDomain, path] = shape.exec(id) ?? [];
  if (trustDomain === undefined || path === undefined) return undefined;
  return path.split("/").some((segment) => segment === "." || segment === "..") ? undefined : { trustDomain, path };
};

/** True where the name can stand in a SPIFFE ID as its trust domain (SPIFFE-ID §2.1). */
export const isTrustDomain = (name: string): boolean => /^[a-z0-9._-]{1,255}$/.test(name);
