import type { Canonical } from "./canonical.ts";
import type { Contestant } from "./contestants.ts";

/** Everything that was measured of one contestant at one size. */
export interface Measured {
  readonly contestant: Contestant;
  readonly folder: string;
  readonly sourceFiles: number;
  /** By round, the same rounds for all contestants. */
  readonly seconds: number[];
  readonly megabytes: number[];
  canonical?: Canonical;
  /** Of the bytes written; the same in every run. */
  digest?: string;
}

/** Prints what was run and what came out, and says whether all contestants wrote the same objects. */
export function report(services: number, measured: readonly Measured[]): boolean {
  console.log(`\n${services} services`);
  for (const { contestant, folder, sourceFiles, seconds, megabytes, canonical } of measured) {
    const commands = contestant
      .commands(folder)
      .map(({ argv, stdout }) => `${argv.join(" ")}${stdout === undefined ? "" : ` > ${stdout}`}`);
    console.log(`  ${contestant.name} (${sourceFiles} source files)`);
    for (const line of commands) console.log(`    $ ${line.replaceAll(`${folder}/`, "")}`);
    console.log(
      `    wall ${median(seconds).toFixed(2)} s (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}, ${seconds.length} rounds), ` +
        `peak memory ${Math.max(...megabytes).toFixed(0)} MB`,
    );
    const kinds = Object.entries(canonical?.kinds ?? {}).map(([kind, count]) => `${count} ${kind}`);
    console.log(`    ${canonical?.objects} objects (${kinds.join(", ")}), sha256 ${canonical?.sha256}`);
  }
  const digests = new Set(measured.map(({ canonical }) => canonical?.sha256));
  console.log(
    digests.size === 1 ? "  all wrote the same objects" : "  THE OBJECTS DIFFER: nothing above can be compared",
  );
  return digests.size === 1;
}

const withoutTypes = " without types";

/** Ours against each peer, and the absolute numbers behind the ratios. */
export function ratios(services: number, measured: readonly Measured[]): Readonly<Record<string, number>> {
  const figures: Record<string, number> = {};
  const named = (name: string) => measured.find(({ contestant }) => contestant.name === name);
  for (const suffix of ["", withoutTypes]) {
    const us = named(`meshwright${suffix}`);
    for (const peer of ["cue", "jsonnet", "cdk8s"]) {
      // cdk8s has a type check to leave out, too.
      const them = named(`${peer}${suffix}`) ?? named(peer);
      if (us === undefined || them === undefined) continue;
      const key = `${services}_vs_${peer}${suffix.replaceAll(" ", "_")}`;
      figures[`cold_${key}`] = median(us.seconds.map((each, round) => each / (them.seconds[round] ?? Number.NaN)));
      figures[`memory_${key}`] = Math.max(...us.megabytes) / Math.max(...them.megabytes);
    }
  }
  for (const { contestant, seconds, megabytes } of measured) {
    const name = contestant.name.replaceAll(" ", "_");
    figures[`seconds_${services}_${name}`] = median(seconds);
    figures[`megabytes_${services}_${name}`] = Math.max(...megabytes);
  }
  return figures;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
