/** One service of the generated mesh, in the words that every tool's sources are written from. */
export interface BenchService {
  readonly name: string;
  readonly namespace: string;
  /** Requests with this header value go to v2; all others are split 90/10 between v1 and v2. */
  readonly canary: { readonly header: string; readonly value: string };
  readonly timeout: string;
  readonly retries: { readonly attempts: number; readonly perTry: string };
  /** Who may call: another service, and everybody in its own namespace. In the order of their identities. */
  readonly callers: readonly Caller[];
  /** The three services that it calls, in the order of their hosts. */
  readonly uses: readonly Named[];
}

export interface Named {
  readonly name: string;
  readonly namespace: string;
}

/** Without a name: everybody in the namespace. */
interface Caller {
  readonly namespace: string;
  readonly name?: string;
}

/** The port of every service, and the one of its workloads. */
export const ports = { service: 80, workload: 8080 } as const;

const namespaceSize = 50;

/**
 * A mesh of `count` services (a multiple of 50), the same on every machine. Each calls its neighbour, which grants it
 * access by name and may live in the next namespace, and two more of its own namespace, which grant it access as a whole:
 * nothing in it contradicts anything else.
 */
export function benchMesh(count: number): readonly BenchService[] {
  const named = (index: number): Named => {
    const number = (index + count) % count;
    return {
      name: `svc${String(number).padStart(5, "0")}`,
      namespace: `team-${String(Math.floor(number / namespaceSize)).padStart(3, "0")}`,
    };
  };
  const near = (index: number, step: number): number => {
    const first = index - (index % namespaceSize);
    return first + ((index - first + step) % namespaceSize);
  };
  return Array.from({ length: count }, (_, index) => {
    const { name, namespace } = named(index);
    return {
      name,
      namespace,
      canary: { header: "x-release", value: index % 2 === 0 ? "canary" : "beta" },
      timeout: `${2 + (index % 5)}s`,
      retries: { attempts: 2 + (index % 2), perTry: `${0.25 * (1 + (index % 3))}s` },
      callers: [{ namespace }, named(index - 1)].toSorted(byIdentity),
      uses: [named(index + 1), named(near(index, 7)), named(near(index, 23))].toSorted(byHost),
    };
  });
}

const byIdentity = (a: Caller, b: Caller): number =>
  `${a.namespace}/${a.name ?? ""}` < `${b.namespace}/${b.name ?? ""}` ? -1 : 1;

const byHost = (a: Named, b: Named): number => (`${a.name}.${a.namespace}` < `${b.name}.${b.namespace}` ? -1 : 1);
