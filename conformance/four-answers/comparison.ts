import type { Call } from "../../lib/model/call.ts";
import type { unseen } from "../laboratory/judgement.ts";
import type { LeftOut } from "../proxy/left-out.ts";
import { isOf, kinds, told, type Answer, type Kind } from "./answer.ts";
import {
  dataPlanes,
  identityOf,
  type CallRecord,
  type DataPlane,
  type MeshRecord,
  type PlayedRecord,
  type PlaneRecord,
} from "./record.ts";

type Each<T> = Readonly<Record<DataPlane, T>>;

export interface Count {
  readonly cases: number;
  /** Of these, as decided. */
  readonly same: number;
}

/** A call of which one of the four says something else. */
export interface Disagreement {
  readonly mesh: string;
  readonly seed: number;
  readonly call: Call;
  readonly decided: readonly Answer[];
  readonly seen: Each<Answer | { readonly leftOut: string }>;
}

export interface MeshRow {
  readonly name: string;
  readonly calls: number;
  readonly planes: Each<Count & { readonly leftOut: number }>;
  /** Calls that all three were sent. */
  readonly four: number;
  readonly disagreements: number;
}

export interface KindRow {
  readonly name: string;
  /** That were thought of, whether or not somebody was sent them. */
  readonly calls: number;
  readonly planes: Each<Count>;
}

export interface Comparison {
  /** Calls to a mesh are drawn one by one, and some twice. */
  readonly distinct: number;
  readonly meshes: readonly MeshRow[];
  readonly kinds: readonly KindRow[];
  readonly played: readonly KindRow[];
  readonly splits: Each<number>;
  readonly leftOut: readonly { readonly explained: ExplainedLeaveOut; readonly calls: Each<number> }[];
  readonly disagreements: readonly Disagreement[];
  readonly explained: readonly { readonly why: string; readonly met: readonly Disagreement[] }[];
  /** Why the rest is worth nothing, or not what is known of it; none where it is sound. */
  readonly complaints: readonly string[];
}

/** Why answers differ that nobody will make alike. */
export interface Explanation {
  readonly why: string;
  readonly covers: (disagreement: Disagreement) => boolean;
}

/** Why data planes are not sent calls. */
export interface ExplainedLeaveOut {
  readonly planes: readonly DataPlane[];
  /** As they are recorded. */
  readonly what: LeftOut | typeof unseen;
  readonly why: string;
}

/** What counts as known of the differences. */
export interface Known {
  readonly explanations: readonly Explanation[];
  readonly leaveOuts: readonly ExplainedLeaveOut[];
}

/** Why records cannot be compared: one is missing, or was asked something else than `identity`. */
export const stale = (records: readonly PlaneRecord[], identity: string): readonly string[] =>
  dataPlanes.flatMap((plane) => {
    const record = records.find((one) => one.plane === plane);
    if (record === undefined) return [`there is no record of ${plane}`];
    return identityOf(record.meshes) === identity
      ? []
      : [`the record of ${plane} is stale: it is of other calls, or of another meaning`];
  });

/** Of records that are not stale: they have the same meshes and calls, in the same order. */
export const compared = (records: readonly PlaneRecord[], { explanations, leaveOuts }: Known): Comparison => {
  const each = <T>(of: (meshes: readonly MeshRecord[], plane: DataPlane) => T): Each<T> =>
    Object.fromEntries(
      dataPlanes.map((plane) => [plane, of(records.find((one) => one.plane === plane)?.meshes ?? [], plane)]),
    ) as Record<DataPlane, T>;
  const [first] = records;
  const meshes = first?.meshes ?? [];
  const calls = each((own) => own.flatMap((mesh) => mesh.calls));
  const all = meshes.flatMap((mesh, at) =>
    mesh.calls.flatMap(({ call, decided }, index): readonly Disagreement[] => {
      const three = each((own) => own[at]!.calls[index]!);
      return Object.values(three).every((one) => !isSeen(one) || isSame(one))
        ? []
        : [{ mesh: mesh.name, seed: mesh.seed, call, decided, seen: each((_, plane) => seenOf(three[plane])) }];
    }),
  );
  const explained = explanations.map(({ why, covers }) => ({ why, met: all.filter(covers) }));
  const left = leaveOuts.map((one) => ({
    explained: one,
    calls: each((_, plane) => calls[plane].filter((call) => isLeftOut(call, one)).length),
  }));
  return {
    distinct: meshes.reduce((sum, mesh) => sum + new Set(mesh.calls.map(({ call }) => JSON.stringify(call))).size, 0),
    meshes: meshes.map(({ name, calls: own }, at) => ({
      name,
      calls: own.length,
      planes: each((others) => ({
        ...count(others[at]!.calls),
        leftOut: others[at]!.calls.filter((call) => !isSeen(call)).length,
      })),
      four: own.filter((_, index) => Object.values(each((others) => others[at]!.calls[index]!)).every(isSeen)).length,
      disagreements: all.filter(({ mesh }) => mesh === name).length,
    })),
    kinds: kinds.map((kind: Kind) => ({
      name: kind,
      calls: meshes.flatMap((mesh) => mesh.calls).filter((call) => call.kind === kind).length,
      planes: each((_, plane) => count(calls[plane].filter((call) => call.kind === kind))),
    })),
    played: (["attempts", "timeout"] as const).map((name) => ({
      name,
      calls: new Set(
        records.flatMap((record) =>
          record.meshes.flatMap((mesh) =>
            mesh.played.flatMap((one) => (one.name === name ? [`${mesh.name} ${one.what}`] : [])),
          ),
        ),
      ).size,
      planes: each((own) => {
        const played = own.flatMap((mesh) => mesh.played).filter((one) => one.name === name);
        return { cases: played.length, same: played.filter(({ decided, seen }) => decided === seen).length };
      }),
    })),
    splits: each((own) => own.reduce((sum, mesh) => sum + mesh.splits, 0)),
    leftOut: left,
    disagreements: all.filter((one) => !explanations.some(({ covers }) => covers(one))),
    explained,
    complaints: [
      ...dataPlanes.flatMap((plane) => {
        const known = leaveOuts.filter(({ planes }) => planes.includes(plane));
        const unknown = calls[plane].flatMap((call) =>
          isSeen(call) || known.some((one) => isLeftOut(call, one)) ? [] : [call.leftOut],
        );
        return [...new Set(unknown)].map((why) => `${plane} leaves calls out and nothing explains it: ${why}`);
      }),
      ...left.flatMap(({ explained: one, calls: counts }) =>
        one.planes.flatMap((plane) =>
          counts[plane] === 0 ? [`${plane} leaves nothing out as explained: ${one.what}`] : [],
        ),
      ),
      ...explained.flatMap(({ why, met }) => (met.length === 0 ? [`nothing is explained by: ${why}`] : [])),
      ...meshes.flatMap(({ name }, at) =>
        playedComplaints(
          name,
          each((own) => own[at]!.played),
        ),
      ),
    ],
  };
};

/** All four in a line each. */
export const toldDisagreement = ({ call, decided, seen }: Disagreement): readonly string[] => [
  JSON.stringify(call),
  `decide: ${decided.map(told).join("; or ")}`,
  ...dataPlanes.map((plane) => {
    const one = seen[plane];
    return `${plane}: ${"leftOut" in one ? `left out: ${one.leftOut}` : told(one)}`;
  }),
];

const isSeen = (call: CallRecord): call is CallRecord & { readonly seen: Answer } => "seen" in call;

const isSame = (call: CallRecord): boolean => isSeen(call) && call.decided.some((decided) => isOf(decided, call.seen));

const isLeftOut = (call: CallRecord, { what }: ExplainedLeaveOut): boolean =>
  "leftOut" in call && call.leftOut === what;

/** Retries and time limits are played on whichever calls meet them, so all planes must have played the same ones. */
const playedComplaints = (mesh: string, played: Each<readonly PlayedRecord[]>): readonly string[] => {
  const every = new Set(Object.values(played).flatMap((own) => own.map(({ what }) => what)));
  return [...every].flatMap((what) =>
    dataPlanes.flatMap((plane) => {
      const one = played[plane].find((other) => other.what === what);
      if (one === undefined) return [`${mesh}: ${plane} did not play ${what}`];
      return one.decided === one.seen
        ? []
        : [`${mesh}: ${plane} on ${what}: decided was ${one.decided}, seen was ${one.seen}`];
    }),
  );
};

const seenOf = (call: CallRecord): Answer | { readonly leftOut: string } =>
  isSeen(call) ? call.seen : { leftOut: call.leftOut };

const count = (calls: readonly CallRecord[]): Count => ({
  cases: calls.filter(isSeen).length,
  same: calls.filter(isSame).length,
});
