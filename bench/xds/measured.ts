import { median } from "../compile/measured.ts";
import type { Folder } from "./folder.ts";
import { defaultDebounce, type IstiodPlane } from "./istiod.ts";
import { istiodSteps } from "./istiod-steps.ts";
import { meshControl } from "./mesh-control.ts";
import { callers } from "./mesh.ts";
import { type Change, stage } from "./stage.ts";

type Figures = Readonly<Record<string, number>>;

const counts = [1, callers] as const;
const rounds = 9;
const typedRounds = 7;

const lastAck = ({ observed }: Change): number => observed.acknowledged.at(-1) ?? Number.NaN;
const bytes = ({ observed }: Change): number => Object.values(observed.bytes).reduce((sum, each) => sum + each, 0);
const medianOf = (changes: readonly Change[], of: (change: Change) => number): number => median(changes.map(of));
/** Of rounds, since both planes of one met the same machine. */
const ratio = (ours: readonly Change[], theirs: readonly Change[], of: (change: Change) => number): number =>
  median(ours.map((change, round) => of(change) / of(theirs[round] ?? change)));

/** Ours against istiod, with the wait for quiet that Istio has by default and with none. */
export const measured = async (folder: Folder, istiod: IstiodPlane, state: string): Promise<Figures> => {
  const figures: Record<string, number> = {};
  const ours = await meshControl(folder, istiod.site, { types: false, state });
  try {
    for (const debounce of [defaultDebounce, "0s"]) {
      const suffix = debounce === defaultDebounce ? "" : "_without_debounce";
      if (suffix !== "") await istiod.restarted(debounce);
      for (const count of counts) {
        const before = await istiod.metrics();
        const changes = await stage([ours, istiod], count, rounds, istiod.site.anchor.pid);
        const [own, their] = [changes.get(ours) ?? [], changes.get(istiod) ?? []];
        console.log(`\n${count} proxies, PILOT_DEBOUNCE_AFTER=${debounce}, ${rounds} changes each`);
        console.log(timeline("meshwright", own));
        console.log(timeline("istiod", their));
        console.log(istiodSteps(before, await istiod.metrics()).join("\n"));
        figures[`route_change_last_ack_${count}_vs_istiod${suffix}`] = ratio(own, their, lastAck);
        figures[`route_change_last_ack_${count}_ms_istiod${suffix}`] = medianOf(their, lastAck);
        if (suffix !== "") continue;
        figures[`route_change_last_ack_${count}_ms`] = medianOf(own, lastAck);
        figures[`bytes_pushed_${count}_vs_istiod`] = ratio(own, their, bytes);
        figures[`bytes_pushed_${count}`] = medianOf(own, bytes);
        figures[`bytes_pushed_${count}_istiod`] = medianOf(their, bytes);
        figures[`processor_${count}_ms`] = medianOf(own, ({ processorMs }) => processorMs);
        figures[`processor_${count}_ms_istiod`] = medianOf(their, ({ processorMs }) => processorMs);
        if (count !== callers) continue;
        const memory = ({ memoryMebibytes }: Change): number => memoryMebibytes;
        figures.memory_vs_istiod = ratio(own, their, memory);
        figures.memory_mib = medianOf(own, memory);
        figures.memory_mib_istiod = medianOf(their, memory);
      }
    }
  } finally {
    await ours.stop();
  }
  return figures;
};

/** Ours with the type check that CI otherwise makes; istiod has none, so there is no ratio. */
export const typed = async (folder: Folder, { site }: IstiodPlane, state: string): Promise<Figures> => {
  const ours = await meshControl(folder, site, { types: true, state });
  try {
    const figures: Record<string, number> = {};
    for (const count of counts) {
      const changes = (await stage([ours], count, typedRounds, site.anchor.pid)).get(ours) ?? [];
      figures[`route_change_last_ack_${count}_with_types_ms`] = medianOf(changes, lastAck);
      if (count === callers) figures.memory_with_types_mib = medianOf(changes, (each) => each.memoryMebibytes);
    }
    return figures;
  } finally {
    await ours.stop();
  }
};

/** When what had happened, in milliseconds since the write began. */
const timeline = (name: string, changes: readonly Change[]): string => {
  const acknowledged = (part: number) => (change: Change) =>
    change.observed.acknowledged[Math.floor((change.observed.acknowledged.length - 1) * part)] ?? Number.NaN;
  const moments: readonly (readonly [string, (change: Change) => number])[] = [
    ["written", ({ observed }) => observed.written],
    ["taken", ({ taken }) => taken ?? Number.NaN],
    ["first response", ({ observed }) => observed.firstResponse],
    ["first ACK", acknowledged(0)],
    ["half", acknowledged(0.5)],
    ["last ACK", lastAck],
  ];
  const shown = moments
    .map(([moment, of]) => [moment, medianOf(changes, of)] as const)
    .filter(([, at]) => !Number.isNaN(at))
    .map(([moment, at]) => `${moment} ${at.toFixed(1)}`);
  const all = changes.map(lastAck);
  const types = Object.entries(changes.at(-1)?.observed.bytes ?? {}).map(([type, each]) => `${type} ${each}`);
  return [
    `  ${name.padEnd(10)} ms: ${shown.join(", ")} (${Math.min(...all).toFixed(0)}–${Math.max(...all).toFixed(0)})`,
    `             bytes: ${types.join(", ")} in ${changes.at(-1)?.observed.responses ?? 0} responses; ` +
      `processor ${medianOf(changes, ({ processorMs }) => processorMs).toFixed(0)} ms, ` +
      `the proxies' own ${medianOf(changes, ({ observed }) => observed.proxiesMs).toFixed(0)} ms`,
  ].join("\n");
};
