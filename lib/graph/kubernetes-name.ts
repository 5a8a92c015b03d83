/** The rules of Kubernetes for names: what passes them needs no escaping in host names, selectors, files or code. */

/** RFC 1123 label: services, namespaces, subsets. */
export const isDnsLabel = (name: string): boolean => name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);

/** RFC 1123 subdomain: workloads and service accounts. */
export const isDnsSubdomain = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);

export const isLabelValue = (value: string): boolean => value === "" || isQualifiedPart(value);

/** `version`, or `example.com/version`. */
export const isLabelKey = (key: string): boolean => {
  const [name = "", prefix, ...more] = key.split("/").reverse();
  return more.length === 0 && isQualifiedPart(name) && (prefix === undefined || isDnsSubdomain(prefix));
};

const isQualifiedPart = (part: string): boolean =>
  part.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(part);
