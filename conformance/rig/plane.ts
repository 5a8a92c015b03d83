import type { RemoteAgent } from "./agent/remote-agent.ts";
import type { Tools } from "./install.ts";
import type { MeshAuthority } from "./mesh-authority.ts";
import type { Child } from "./process.ts";
import type { PlacedPod, Pod, Workload } from "./workload.ts";

/** What tells the Envoys of a rig what to do, and learns of its pods; the rig itself knows nothing of it. */
export interface Plane {
  /** What a pod's Envoy is started with; the rig's own, which drains nothing, where it says nothing. */
  readonly envoy?: EnvoyOptions;
  /** How it calls the proxy of a pod, in its answers and its logs. */
  readonly proxyName: (pod: Pod) => string;
  /** The whole configuration that the Envoy of a pod starts with. */
  readonly bootstrap: (pod: PlacedPod) => Promise<unknown>;
  /** A pod has its address, and its Envoy is about to start. Pods outside of the cluster are not told of. */
  readonly started: (pod: PlacedPod) => Promise<void>;
  readonly stopped: (pod: PlacedPod) => Promise<void>;
  /** Returns when every running Envoy works by what the plane was told; throws with the reason when one refuses or time runs out. */
  readonly settle: (timeoutMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How the Envoys of a plane are started. */
export interface EnvoyOptions {
  /** The rig's when absent. */
  readonly binary?: string;
  /** Whole seconds that connections have to end when what they came in by was replaced; 0 when absent, so that meshes settle at once. */
  readonly drainSeconds?: number;
}

/** What a plane finds in a rig: a network namespace of its own, which all pods can reach. */
export interface Site {
  readonly tools: Tools;
  /** For logs and whatever else shall be there to read after the run. */
  readonly directory: string;
  /** For what authorities of the platform and the world sign. */
  readonly certificates: string;
  /** Whom a mesh trusts, and where a pod's Envoy has its first identity from. */
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
