import type { Child } from "../../../conformance/rig/process.ts";
import type { Proxies } from "../../../conformance/rig/install.ts";
import type { Origins } from "../backend.ts";
import type { Security } from "../cases.ts";
import type { Certificates } from "../certificates.ts";

/** What every proxy is given. */
export interface Surroundings {
  readonly tools: Proxies;
  readonly directory: string;
  readonly origins: Origins;
  readonly identity: Certificates;
}

/** A proxy that runs, as one process with one thread that carries traffic. */
export interface Contestant {
  readonly name: "meshwright" | "envoy" | "nginx" | "haproxy";
  readonly process: Child;
  /** Where it listens, by how it calls the backend. */
  readonly ports: Partial<Readonly<Record<Security, number>>>;
  /** A file with one line a request. */
  readonly accessLog: string;
  /** Whether it rules on requests, or only passes them on: the field of reference does. */
  readonly rules: boolean;
}
