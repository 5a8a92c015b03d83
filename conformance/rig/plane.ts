import type { RemoteAgent } from "./agent/remote-agent.ts";
import type { Tools } from "./install.ts";
import type { MeshAuthority } from "./mesh-authority.ts";
import type { Captured } from "./network.ts";
import type { Child } from "./process.ts";
import type { PlacedPod, Pod, Workload } from "./workload.ts";

/** What tells the proxies of a rig what to do, and learns of its pods; the rig itself knows nothing of it. */
export interface Plane {
  /** What runs beside the applications; Envoys, if nothing else is said (`envoys.ts`). */
  readonly proxies: Proxies;
  /** How it calls the proxy of a pod, in its answers and its logs. */
  readonly proxyName: (pod: Pod) => string;
  /** A pod has its address, and its proxy is about to start. Pods outside of the cluster are not told of. */
  readonly started: (pod: PlacedPod) => Promise<void>;
  readonly stopped: (pod: PlacedPod) => Promise<void>;
  /** Returns when every running proxy works by what the plane was told; throws with the reason when one refuses or time runs out. */
  readonly settle: (timeoutMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How the proxies of a plane are started, and how they come between applications and the network. */
export interface Proxies {
  /** For logs and complaints. */
  readonly kind: string;
  /** Writes what the proxy of a pod starts with, and returns its command. Its admin interface must be on loopback at `adminPort`. */
  readonly command: (pod: PlacedPod, where: { readonly tools: Tools; readonly directory: string }) => Promise<Command>;
  /** A path of the admin interface that is answered as soon as there is a proxy. */
  readonly probe: string;
  /** Turns over to the proxy what leaves a sidecar's application and what arrives for it. */
  readonly capture: (tools: Tools, pid: number, pod: PlacedPod) => Promise<void>;
  readonly captured: (tools: Tools, pid: number) => Promise<Captured>;
  /** Where a sidecar's application listens, on its own machine alone, instead of at a port that its proxy needs; in place when absent. */
  readonly applicationPort?: (port: number) => number;
  /** All that a proxy tells of itself, by paths of its admin interface. */
  readonly tells: readonly string[];
  /** How what it tells shows that it holds what it must hide. */
  readonly hides: RegExp;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a plane finds in a rig: a network namespace of its own, which all pods can reach. */
export interface Site {
  readonly tools: Tools;
  /** For logs and whatever else shall be there to read after the run. */
  readonly directory: string;
  /** For what authorities of the platform and the world sign. */
  readonly certificates: string;
  /** Whom a mesh trusts, and where a pod's proxy has its first identity from. */
  readonly mesh: MeshAuthority;
  /** A file of PEM: whom pods trust outside of the mesh. */
  readonly webRoots: string;
  /** Lives as long as the namespaces of the plane; its processes enter through it. */
  readonly anchor: Child;
  /** The harness's hands in there. */
  readonly agent: RemoteAgent;
  /** Where pods find the plane. */
  readonly gateway: string;
  /** The running ones. */
  readonly workloads: () => readonly Workload[];
}
