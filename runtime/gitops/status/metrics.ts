import { histogram } from "../../prometheus/histogram.ts";
import { histogramSamples, metric, type Sample } from "../../prometheus/text.ts";
import type { Reporter } from "./reporter.ts";

export interface SyncMetrics {
  /** Counts what it is told. */
  readonly reporter: Reporter;
  /** A term of this replica begins or ends. */
  readonly leads: (isLeader: boolean) => void;
  /** Whether it does what it is there for: others do it, or a pass has ended, however. */
  readonly isReady: () => boolean;
  /** Prometheus' text format (version 0.0.4). */
  readonly text: () => string;
}

/** What a replica of mesh-sync did since its start; labels have as many values as the code has words. */
export const syncMetrics = ({ now = Date.now }: { readonly now?: () => number } = {}): SyncMetrics => {
  const passes = counts("result", "reason");
  const writes = counts("operation");
  const healings = counts("kind", "what");
  const fights = counts("kind");
  const fetches = counts("reason");
  for (const operation of ["created", "changed", "deleted"]) writes.add([operation], 0);
  const durations = histogram();
  let isLeader = false;
  let endedInTerm = false;
  let objects = 0;
  let succeededAt = 0;

  const kindOf = (name: string): string => name.split(" ", 1)[0] ?? "";
  return {
    reporter: {
      async passed({ writes: made, objects: held, milliseconds }) {
        passes.add(["passed", "Succeeded"]);
        for (const [operation, count] of Object.entries(made)) writes.add([operation], count);
        durations.took(milliseconds / 1000);
        objects = held;
        succeededAt = now();
        endedInTerm = true;
      },
      async failed({ stage, reason }) {
        passes.add(["failed", reason]);
        if (stage === "Fetched") fetches.add([reason]);
        endedInTerm = true;
      },
      async healed({ name, what }) {
        healings.add([kindOf(name), what]);
      },
      async fought({ name }) {
        fights.add([kindOf(name)]);
      },
    },
    leads(leads) {
      if (leads !== isLeader) endedInTerm = false;
      isLeader = leads;
    },
    isReady: () => !isLeader || endedInTerm,
    text: () =>
      [
        metric("meshwright_sync_leader", "gauge", "Whether this replica leads.", [{ value: isLeader ? 1 : 0 }]),
        metric("meshwright_sync_passes_total", "counter", "Passes that ended, by how.", passes.samples()),
        metric("meshwright_sync_last_success_timestamp_seconds", "gauge", "When the last pass that held ended.", [
          { value: succeededAt / 1000 },
        ]),
        metric(
          "meshwright_sync_pass_duration_seconds",
          "histogram",
          "Passes that held, waiting for proxies included.",
          histogramSamples(durations.read()),
        ),
        metric("meshwright_sync_objects", "gauge", "Objects that are in force.", [{ value: objects }]),
        metric("meshwright_sync_writes_total", "counter", "Writes of passes that held.", writes.samples()),
        metric(
          "meshwright_sync_healings_total",
          "counter",
          "Objects that somebody else changed, and that are as they were again.",
          healings.samples(),
        ),
        metric(
          "meshwright_sync_fights_total",
          "counter",
          "Times that healing was put off, as somebody goes on changing an object.",
          fights.samples(),
        ),
        metric(
          "meshwright_sync_fetch_failures_total",
          "counter",
          "Passes that got no commit, by why.",
          fetches.samples(),
        ),
        metric("process_resident_memory_bytes", "gauge", "Resident memory.", [{ value: process.memoryUsage.rss() }]),
      ].join(""),
  };
};

const counts = (...labels: readonly string[]) => {
  const all = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>();
  return {
    add(values: readonly string[], by = 1): void {
      const key = values.join("\n");
      const known = all.get(key) ?? {
        labels: Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""])),
        value: 0,
      };
      known.value += by;
      all.set(key, known);
    },
    samples: (): readonly Sample[] => [...all.values()],
  };
};
