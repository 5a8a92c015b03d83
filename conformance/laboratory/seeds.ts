/** Seeds whose meshes once came out otherwise than decided; they are always run, and what was wrong stands beside each. */
const regressionSeeds: readonly number[] = [
  // A scope without what its routes' own routes lead to: istiod sends it all the same.
  3,
  // A workload's own strict mode in a mesh that disables mTLS: callers are not told unless a rule says ISTIO_MUTUAL.
  4, 5,
  // On port 80 Istio answers for a host whose service has no port 80, unless its rule names its port.
  8,
];

/** Of the random meshes of a whole run: thirty, and whichever others once came out otherwise. */
export const everySeed: readonly number[] = [
  ...new Set([...Array.from({ length: 30 }, (_, index) => index + 1), ...regressionSeeds]),
];
