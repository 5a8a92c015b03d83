import { histogramSamples, metric, type Sample } from "../../prometheus/text.ts";
import type { Control } from "../control.ts";
import type { JoinServer } from "../identity/index.ts";

/** What metrics are of. INVARIANT: nothing here is as large as what clients ask for, which a scrape would copy. */
export type Watched = Omit<Control, "close"> & { readonly joins: Pick<JoinServer, "counts"> | undefined };

/** Prometheus' text format (version 0.0.4). */
export const metrics = (control: Watched): string => {
  const { ads, refusals, source, joins } = control;
  const counted = ads.metrics();
  const connections = control.connections();
  const certificates = control.certificates();
  const joined = joins?.counts();
  const by = (label: string, counts: Readonly<Record<string, number>> = {}): readonly Sample[] =>
    Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
  const byType = (counts: Readonly<Record<string, number>>): readonly Sample[] => by("type", counts);
  const { revision, takenAt, broken } = source();
  return [
    metric("meshwright_control_streams", "gauge", "Open discovery streams.", [{ value: counted.streams }]),
    metric("meshwright_control_connections", "gauge", "Open connections, and those on which nobody was admitted yet.", [
      { labels: { who: "all" }, value: connections.connections },
      { labels: { who: "strangers" }, value: connections.strangers },
    ]),
    metric("meshwright_control_clients_synced", "gauge", "Streams whose client acknowledged all that it asked for.", [
      { value: counted.synced },
    ]),
    metric("meshwright_control_streams_opened_total", "counter", "Discovery streams opened.", [
      { value: counted.opened },
    ]),
    metric("meshwright_control_pushes_total", "counter", "Responses sent.", byType(counted.pushes)),
    metric("meshwright_control_pushed_bytes_total", "counter", "Bytes of responses sent.", byType(counted.pushedBytes)),
    metric("meshwright_control_acks_total", "counter", "Responses acknowledged.", byType(counted.acks)),
    metric("meshwright_control_nacks_total", "counter", "Responses refused.", byType(counted.nacks)),
    metric(
      "meshwright_control_admissions_refused_total",
      "counter",
      "Streams refused for who opened them.",
      by("why", counted.refusedAdmissions),
    ),
    metric("meshwright_control_streams_ended_total", "counter", "Streams ended for what they did.", [
      { labels: { why: "over limit" }, value: counted.overLimit },
      { labels: { why: "malformed" }, value: counted.malformed },
    ]),
    metric("meshwright_control_refusals", "gauge", "Configurations that a connected proxy refuses.", [
      { value: refusals.all().length },
    ]),
    metric(
      "meshwright_control_convergence_seconds",
      "histogram",
      "From a change's being taken to the last ACK of each client that it concerned.",
      histogramSamples(counted.convergence),
    ),
    metric(
      "meshwright_control_certificates_issued_total",
      "counter",
      "Certificates issued, renewals among them.",
      by("holder", certificates.issued),
    ),
    metric(
      "meshwright_control_certificates_failed_total",
      "counter",
      "Certificates that could not be issued or renewed.",
      by("holder", certificates.failed),
    ),
    metric(
      "meshwright_control_machines_admitted_total",
      "counter",
      "Machines that were given an identity, or its renewal.",
      by("how", joined && { joined: joined.joined, renewed: joined.renewed }),
    ),
    metric(
      "meshwright_control_identities_refused_total",
      "counter",
      "Machines that were given no identity.",
      by("why", joined?.refused),
    ),
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
