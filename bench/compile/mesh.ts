/** One service of the generated mesh, in the words that every tool's sources are written from. */
export interface BenchService {
  readonly name: string;
  readonly namespace: string;
  /** Requests with this header value go to v2; all others are split 90/10 between v1 and v2. */
  readonly canaryHeader: { readonly name: string; readonly value: string };
  readonly timeout: string;
  readonly attempts: number;
  readonly perTry: string;
  /** The two services that may call it, and the three that it calls. */
  readonly callers: readonly BenchService[];
  readonly uses: readonly BenchService[];
}

const namespaceSize = 50;

/** A mesh of `count` services, the same on every machine. Dependencies reach into the next namespaces, as they do in real meshes. */
export function benchMesh(count: number): readonly BenchService[] {
  const services = Array.from({ length: count }, (_, index) => ({
    name: `svc-${String(index).padStart(5, "0")}`,
    namespace: `team-${String(Math.floor(index / namespaceSize)).padStart(3, "0")}`,
    canaryHeader: { name: "x-release", value: index % 2 === 0 ? "canary" : "beta" },
    timeout: `${2 + (index % 5)}s`,
    attempts: 2 + (index % 2),
    perTry: `${250 * (1 + (index % 3))}ms`,
    callers: [] as BenchService[],
    uses: [] as BenchService[],
  }));
  const steps = [1, 7, namespaceSize + 3];
  for (const [index, service] of services.entries()) {
    for (const step of steps) {
      const other = services[(index + step) % count];
      if (other !== undefined && other !== service) service.uses.push(other);
    }
    // The callers are those that declare it, so that no two statements of the mesh contradict each other.
    for (const step of steps.slice(0, 2)) {
      const other = services[(index - step + count) % count];
      if (other !== undefined && other !== service) service.callers.push(other);
    }
  }
  return services;
}
