/**
 * What `mesh-compile graph sync` writes for the things that exist, so that a name that does not exist is a type error.
 * Own properties begin with `$`; the others are subsets, whose names can never begin with it.
 */
/** A service with at least one port that carries HTTP; `reviews.v2` is its subset. */
export type HttpServiceHandle<Subset extends string = never> = HttpServiceRef<Subset> & {
  readonly [S in Subset]: SubsetHandle;
};

/** Any service with HTTP, whatever its subsets. */
export interface HttpServiceRef<Subset extends string = string> {
  readonly $kind: "service";
  /** `namespace/name`. */
  readonly $id: string;
  readonly $subsets: readonly Subset[];
}

/** A service none of whose ports is known to carry HTTP: it can be called and authorized, not routed by request. */
export interface TcpServiceHandle {
  readonly $kind: "tcp-service";
  /** `namespace/name`. */
  readonly $id: string;
}

/** Some of a service's workloads. */
export interface SubsetHandle {
  readonly $kind: "subset";
  /** `namespace/name` of the service. */
  readonly $service: string;
  readonly $subset: string;
}

/** A workload with or without a service: a Deployment, a Job. */
export interface WorkloadHandle {
  readonly $kind: "workload";
  /** `namespace/name`. */
  readonly $id: string;
}

/** A workload that is itself a proxy, at the edge of the mesh. */
export interface GatewayHandle {
  readonly $kind: "gateway";
  /** `namespace/name` of the workload. */
  readonly $id: string;
  /** The ports of its service. */
  readonly $ports: readonly number[];
}

export interface NamespaceHandle {
  readonly $kind: "namespace";
  readonly $id: string;
}

/** What a policy can be about. */
export type Subject = HttpServiceRef | TcpServiceHandle | WorkloadHandle | GatewayHandle | NamespaceHandle;
