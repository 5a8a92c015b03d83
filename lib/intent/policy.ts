import type { Access, Allow, AllowConnection, Deny, DenyConnection } from "./access.ts";
import { made } from "./evaluation.ts";
import type { External } from "./external.ts";
import type { GatewayHandle, HttpServiceRef, Subject, TcpServiceHandle } from "./handles.ts";
import type { Refuse } from "./refuse.ts";
import type { Route } from "./route.ts";

/** `strict`: only mTLS is accepted; `permissive`: plain text too; `disabled`: plain text only. */
export type Mtls = "strict" | "permissive" | "disabled";

/** What a workload calls; with its routes and others' grants it makes the scope of its proxy. */
export type Dependency = HttpServiceRef | TcpServiceHandle | GatewayHandle | External;

interface Common {
  /** Absent: the namespace's, then the mesh's. */
  readonly mtls?: Mtls;
  readonly uses?: readonly Dependency[];
}

export interface ServicePolicy extends Common {
  /** In order, the first that matches decides; what none matches goes to the service as a whole. */
  readonly routes?: readonly Route[];
  /** Absent: the mesh's default access. */
  readonly allow?: Access<Allow>;
  readonly deny?: readonly Deny[];
}

export interface TcpServicePolicy extends Common {
  readonly routes?: Refuse<"no port of this service carries HTTP: set `appProtocol: http` on its Service to route by request">;
  readonly allow?: Access<AllowConnection>;
  readonly deny?: readonly DenyConnection[];
}

export interface WorkloadPolicy extends Common {
  readonly routes?: Refuse<"routes belong to a service: write them in the service's policy">;
  readonly allow?: Access<Allow>;
  readonly deny?: readonly Deny[];
}

export interface GatewayPolicy {
  readonly routes?: Refuse<"a gateway routes by `ingress(namespace, { gateway, hosts, routes })`">;
  readonly mtls?: Refuse<"callers of a gateway come from outside the mesh: mTLS is for services and workloads">;
  readonly uses?: Refuse<"a gateway's scope follows from its ingress routes">;
  readonly allow?: Access<Allow>;
  readonly deny?: readonly Deny[];
}

export interface NamespacePolicy {
  /** For every workload of the namespace that says nothing itself. */
  readonly mtls: Mtls;
  readonly routes?: Refuse<"routes belong to a service: write them in the service's policy">;
  readonly allow?: Refuse<"access is granted by the service that is called: write `allow` in its policy">;
  readonly deny?: Refuse<"access is refused by the service that is called: write `deny` in its policy">;
}

/** What can be said, by what it is said about. */
export interface PolicyAbout {
  readonly service: ServicePolicy;
  readonly "tcp-service": TcpServicePolicy;
  readonly workload: WorkloadPolicy;
  readonly gateway: GatewayPolicy;
  readonly namespace: NamespacePolicy;
}

export interface Policy {
  readonly kind: "policy";
  readonly about: Subject;
  readonly intent: ServicePolicy | TcpServicePolicy | WorkloadPolicy | GatewayPolicy | NamespacePolicy;
}

/** What a mesh says about one service, workload, gateway or namespace: one policy each, its module's default export. */
export const policy = <S extends Subject>(about: S, intent: PolicyAbout[S["$kind"]]): Policy =>
  made({ kind: "policy", about, intent });
