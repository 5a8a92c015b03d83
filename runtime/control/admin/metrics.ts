import type { Control } from "../control.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Prometheus' text format (version 0.0.4): a dozen numbers need no registry. */
export const metrics = (control: Control): string => {
  const { ads, refusals, source } = control;
  const counted = ads.metrics();
  const connections = control.connections();
  const clients = ads.clients();
  const byType = (counts: Readonly<Record<string, number>>): readonly Sample[] =>
    Object.entries(counts).map(([type, value]) => ({ labels: { type }, value }));
  const { revision, takenAt, broken } = source();
  return [
    metric("meshwright_control_streams", "gauge", "Open discovery streams.", [{ value: counted.streams }]),
    metric("meshwright_control_connections", "gauge", "Open connections, and those on which nobody was admitted yet.", [
      { labels: { who: "all" }, value: connections.connections },
      { labels: { who: "strangers" }, value: connections.strangers },
    ]),
    metric("meshwright_control_clients_synced", "gauge", "Streams whose client acknowledged all that it asked for.", [
      { value: clients.filter(({ synced }) => synced).length },
    ]),
    metric("meshwright_control_streams_opened_total", "counter", "Discovery streams opened.", [
      { value: counted.opened },
    ]),
    metric("meshwright_control_pushes_total", "counter", "Responses sent.", byType(counted.pushes)),
    metric("meshwright_control_pushed_bytes_total", "counter", "Bytes of responses sent.", byType(counted.pushedBytes)),
    metric("meshwright_control_acks_total", "counter", "Responses acknowledged.", byType(counted.acks)),
    metric("meshwright_control_nacks_total", "counter", "Responses refused.", byType(counted.nacks)),
    metric("meshwright_control_admissions_refused_total", "counter", "Streams refused for who opened them.", [
      { value: counted.refusedAdmissions },
    ]),
    metric("meshwright_control_streams_ended_total", "counter", "Streams ended for what they did.", [
      { labels: { why: "over limit" }, value: counted.overLimit },
      { labels: { why: "malformed" }, value: counted.malformed },
    ]),
    metric("meshwright_control_refusals", "gauge", "Configurations that a connected proxy refuses.", [
      { value: refusals.all().length },
    ]),
    metric("meshwright_control_revision", "counter", "Revisions taken since the start.", [{ value: revision }]),
    metric("meshwright_control_revision_taken_timestamp_seconds", "gauge", "When the revision in force was taken.", [
      { value: takenAt === undefined ? 0 : takenAt.getTime() / 1000 },
    ]),
    metric("meshwright_control_source_broken", "gauge", "Whether what is in the folder now could not be taken.", [
      { value: broken.length > 0 ? 1 : 0 },
    ]),
    metric("process_resident_memory_bytes", "gauge", "Resident memory.", [{ value: process.memoryUsage.rss() }]),
  ].join("");
};

const metric = (name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labels === undefined ? "" : labelsText(labels)} ${value}`),
    "",
  ].join("\n");

const labelsText = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}}`;
