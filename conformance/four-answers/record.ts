import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { headersForm, isOwnResponseHeader, type Observed } from "../laboratory/oracle/observation.ts";
import type { Evidence } from "../laboratory/oracle/trials.ts";
import type { Scenario } from "../laboratory/scenarios.ts";
import { cacheFolder } from "../rig/install.ts";
import { decidedAnswers, decidedResponseHeaders, kindOf, seenAnswer, type Answer, type Kind } from "./answer.ts";

/** By the names of their suites: Envoys that istiod feeds, Envoys that mesh-control feeds, and the project's own proxies. */
export const dataPlanes = ["istio", "xds", "proxy"] as const;

export type DataPlane = (typeof dataPlanes)[number];

/** What a data plane made of the meshes of a run, complete in itself: who compares needs no mesh. */
export interface PlaneRecord {
  readonly plane: DataPlane;
  /** Of one process. */
  readonly run: string;
  readonly meshes: readonly MeshRecord[];
}

export interface MeshRecord {
  readonly name: string;
  readonly seed: number;
  readonly calls: readonly CallRecord[];
  readonly played: readonly PlayedRecord[];
  /** How many had their shares counted. */
  readonly splits: number;
}

/** A call that was thought of, and what was decided of it. */
export interface Asked {
  readonly call: Call;
  readonly kind: Kind;
  /** Several where chance decides. */
  readonly decided: readonly Answer[];
}

/** Either left out, and why, or seen. */
export type CallRecord = Asked & ({ readonly leftOut: string } | { readonly seen: Answer });

/** What retries or a time limit did: the status, the attempts that servers counted, and the headers of the response. */
export interface PlayedRecord {
  readonly name: "attempts" | "timeout";
  /** What the server was told, and what the mesh says of such calls; the same in all planes. */
  readonly what: string;
  readonly decided: string;
  readonly seen: string;
}

export const asked = (mesh: Mesh, call: Call): Asked => ({
  call,
  kind: kindOf(mesh, call),
  decided: decidedAnswers(mesh, call),
});

/** The questions of a run: a mesh's calls, and what was decided of them. */
export interface AskedOfMesh {
  readonly name: string;
  readonly seed: number;
  readonly calls: readonly Asked[];
}

/** Two runs have the same where they asked the same calls of meshes that mean the same, whatever commits they were of. */
export const identityOf = (meshes: readonly AskedOfMesh[]): string =>
  createHash("sha256")
    .update(
      JSON.stringify(
        meshes.map(({ name, seed, calls }) => [
          name,
          seed,
          calls.map(({ call, kind, decided }) => [call, kind, decided]),
        ]),
      ),
    )
    .digest("hex");

const meshRecord = (name: string, seed: number, seen: Evidence): MeshRecord => {
  const cases = seen.cases.values();
  return {
    name,
    seed,
    calls: seen.planned.map(({ call, leftOut }): CallRecord => {
      const question = asked(seen.mesh, call);
      if (leftOut !== undefined) return { ...question, leftOut };
      const sent = cases.next().value;
      if (sent?.call !== call) throw new Error("unreachable: what was not left out was sent, in order");
      return { ...question, seen: seenAnswer(sent.observed) };
    }),
    played: seen.scenarios.map(({ scenario, observed }) => playedRecord(seen.mesh, scenario, observed)),
    splits: seen.splits.length,
  };
};

const playedRecord = (mesh: Mesh, { name, under, trial, expected }: Scenario, observed: Observed): PlayedRecord => {
  const told = (status: number, attempts: number | undefined, headers: string): string =>
    `${status}${expected.attempts === undefined ? "" : ` after ${attempts ?? "no"} attempts`}, {${headers}}`;
  const { status, delay } = trial.plan ?? {};
  const by = expected.status === 504 ? "proxy" : "server";
  return {
    name,
    what: `${under}, ${status === undefined ? `answered after ${delay} ms` : `answered with ${status}`}`,
    decided: told(expected.status, expected.attempts, decidedResponseHeaders(mesh, trial.call, by)),
    seen:
      observed.kind === "response"
        ? told(observed.status, observed.echo?.attempt, headersForm(observed.headers, isOwnResponseHeader))
        : observed.kind,
  };
};

/** Names this process in its records. */
export const thisRun = randomUUID();

/** Keeps what the meshes of a suite showed. */
export interface Recorder {
  readonly add: (
    plane: DataPlane,
    mesh: { readonly name: string; readonly seed: number; readonly seen: Evidence },
  ) => void;
  /** Each plane's, where `storedRecord` finds it. */
  readonly write: () => Promise<void>;
}

export const recorder = (): Recorder => {
  const kept = new Map<DataPlane, MeshRecord[]>();
  return {
    add(plane, { name, seed, seen }) {
      kept.set(plane, [...(kept.get(plane) ?? []), meshRecord(name, seed, seen)]);
    },
    async write() {
      await mkdir(folder(), { recursive: true });
      for (const [plane, unsorted] of kept) {
        // Istio's rigs take them by mesh config.
        const meshes = unsorted.toSorted((a, b) => a.seed - b.seed);
        const record: PlaneRecord = { plane, run: thisRun, meshes };
        await writeFile(fileOf(plane), JSON.stringify(record));
      }
    },
  };
};

const folder = (): string => join(cacheFolder(), "answers");
const fileOf = (plane: DataPlane): string => join(folder(), `${plane}.json`);

/** What a plane's last suite on this machine has left; undefined where there was none. */
export const storedRecord = async (plane: DataPlane): Promise<PlaneRecord | undefined> => {
  try {
    return JSON.parse(await readFile(fileOf(plane), "utf8")) as PlaneRecord;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};
