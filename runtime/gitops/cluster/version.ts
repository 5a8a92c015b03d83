/**
 * Whether a resource version is another one or came after it. Versions of one etcd only grow; they are decimal numbers (Kubernetes,
 * KEP-5504).
 */
export const isAtLeast = (version: string, other: string): boolean =>
  version.length > other.length || (version.length === other.length && version >= other);
