import type { ControlPlane } from "./cluster.ts";
import type { EndpointController } from "./endpoints.ts";
import type { KubeObject } from "./kube.ts";
import { eventually } from "./process.ts";
import type { Workload } from "./workload.ts";
export interface Settlement { readonly expected: (o: KubeObject, v: string | undefined) => void; readonly settle: (t: number) => Promise<number> }
export const settlement = (plane: ControlPlane, endpoints: EndpointController, workloads: () => readonly Workload[]): Settlement => ({ expected() {}, async settle() { void eventually; await endpoints.reconcile(workloads()); return 0; } });
