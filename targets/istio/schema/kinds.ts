/** The Istio kinds whose schemas are generated; one more is one word here and a run of `generate.ts`. */
export const istioKinds = [
  "VirtualService",
  "DestinationRule",
  "Gateway",
  "ServiceEntry",
  "Sidecar",
  "PeerAuthentication",
  "AuthorizationPolicy",
] as const;
