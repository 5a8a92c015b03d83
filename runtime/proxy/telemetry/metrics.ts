import { STATUS_CODES } from "node:http";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import { labelsText, metric } from "../../prometheus/text.ts";
import type { ControlStatus } from "../source/control-status.ts";
import type { ConnectionRecord, ExchangeRecord, HandshakeFailure } from "./exchange-record.ts";

/** Istio's own buckets: milliseconds and bytes. */
const milliseconds = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000];
const bytes = [1, 10, 100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9];

interface Distribution {
  sum: number;
  /** How many were at most the bucket's bound and above the one before; one more for what is above all. */
  readonly counts: number[];
}

/** What is counted of all that has the same labels; plain data, so that workers can send it. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  requests: number;
  readonly duration: Distribution;
  readonly requestBytes: Distribution;
  readonly responseBytes: Distribution;
}

export interface TcpSeries {
  readonly labels: Readonly<Record<string, string>>;
  connections: number;
  sentBytes: number;
  receivedBytes: number;
}

export interface HandshakeSeries {
  readonly labels: Readonly<Record<"side" | "reason", string>>;
  failures: number;
}

export interface Counted {
  readonly http: readonly Series[];
  readonly tcp: readonly TcpSeries[];
  readonly handshakes: readonly HandshakeSeries[];
  /** Exchanges and connections that were not told apart, as too many kinds were there already. */
  readonly untold: number;
}

/** Callers and hosts are as many as somebody likes: so many kinds are told apart, and no more. */
const mostSeries = 5000;

/** Counts what a proxy does, under Istio's standard names. */
export class Metrics {
  readonly #workload: () => { readonly id: string; readonly identity: SpiffeId };
  readonly #http = new Map<string, Series>();
  readonly #tcp = new Map<string, TcpSeries>();
  readonly #handshakes = new Map<string, HandshakeSeries>();
  #untold = 0;

  /** Whose proxy it is, for the labels of its side. */
  constructor(workload: () => { readonly id: string; readonly identity: SpiffeId }) {
    this.#workload = workload;
  }

  exchanged(record: ExchangeRecord): void {
    const { role, service, endpoint, caller, status, reason } = record;
    const code = codeOf(status);
    const key = `${role} ${service} ${endpoint?.workload ?? ""} ${caller ?? ""} ${code} ${reason}`;
    let series = this.#http.get(key);
    if (series === undefined) {
      if (this.#http.size >= mostSeries) return void (this.#untold += 1);
      series = {
        labels: {
          ...this.#labels(record),
          destination_service: service,
          response_code: code,
          response_flags: flag(reason),
          request_protocol: "http",
        },
        requests: 0,
        duration: distribution(milliseconds),
        requestBytes: distribution(bytes),
        responseBytes: distribution(bytes),
      };
      this.#http.set(key, series);
    }
    series.requests += 1;
    counted(series.duration, milliseconds, record.milliseconds);
    counted(series.requestBytes, bytes, record.requestBytes);
    counted(series.responseBytes, bytes, record.responseBytes);
  }

  connected(record: ConnectionRecord): void {
    const { role, cluster, endpoint, caller, reason } = record;
    const key = `${role} ${cluster} ${endpoint?.workload ?? ""} ${caller ?? ""} ${reason}`;
    let series = this.#tcp.get(key);
    if (series === undefined) {
      if (this.#tcp.size >= mostSeries) return void (this.#untold += 1);
      series = {
        labels: {
          ...this.#labels(record),
          destination_service: cluster,
          response_flags: flag(reason),
          request_protocol: "tcp",
        },
        connections: 0,
        sentBytes: 0,
        receivedBytes: 0,
      };
      this.#tcp.set(key, series);
    }
    series.connections += 1;
    series.sentBytes += record.sentBytes;
    series.receivedBytes += record.receivedBytes;
  }

  handshakeFailed({ side, code }: HandshakeFailure): void {
    const key = `${side} ${code}`;
    const series = this.#handshakes.get(key) ?? { labels: { side, reason: code }, failures: 0 };
    series.failures += 1;
    this.#handshakes.set(key, series);
  }

  counted(): Counted {
    return {
      http: [...this.#http.values()],
      tcp: [...this.#tcp.values()],
      handshakes: [...this.#handshakes.values()],
      untold: this.#untold,
    };
  }

  #labels({
    role,
    endpoint,
    caller,
  }: Pick<ExchangeRecord, "role" | "endpoint" | "caller">): Readonly<Record<string, string>> {
    const { id, identity } = this.#workload();
    const mine = side(id, identity);
    const isCallee = role === "inbound";
    const other = isCallee ? side(undefined, caller) : side(endpoint?.workload, endpoint?.identity);
    const [source, destination] = isCallee ? [other, mine] : [mine, other];
    return {
      reporter: isCallee ? "destination" : "source",
      source_workload: source.name,
      source_workload_namespace: source.namespace,
      source_principal: source.principal,
      destination_workload: destination.name,
      destination_workload_namespace: destination.namespace,
      destination_principal: destination.principal,
      connection_security_policy: (isCallee ? caller : endpoint?.identity) === undefined ? "none" : "mutual_tls",
    };
  }
}

const side = (workload: string | undefined, identity: SpiffeId | undefined) => {
  const [namespace = "unknown", name = "unknown"] = (workload ?? "").split("/").filter(Boolean);
  return { name, namespace, principal: identity ?? "unknown" };
};

/** Statuses that nobody registered are as many as a server likes: they are counted together. 0: the caller heard none. */
const codeOf = (status: number): string =>
  status === 0 || STATUS_CODES[status] !== undefined ? String(status) : "other";

/** A word instead of Envoy's letters; `-` where the answer is the server's own. */
const flag = (reason: string): string => (reason === "" ? "-" : (reason.split(":")[0] ?? reason));

const distribution = (bounds: readonly number[]): Distribution => ({
  sum: 0,
  counts: [...bounds, Infinity].map(() => 0),
});

const counted = (of: Distribution, bounds: readonly number[], value: number): void => {
  of.sum += value;
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
  of.counts[bucket]! += 1;
};

/** Prometheus' text format (version 0.0.4) of what several workers counted. */
export const metricsText = (all: readonly Counted[]): string => [...metricsPieces(all)].join("");

/** The same in whole lines: of thousands of series they are many, and requests are served in between. */
export function* metricsPieces(all: readonly Counted[]): Generator<string, void> {
  const http = merged(
    all.flatMap((one) => one.http),
    addedHttp,
  );
  const tcp = merged(
    all.flatMap((one) => one.tcp),
    addedTcp,
  );
  const handshakes = merged(
    all.flatMap((one) => one.handshakes),
    (a, b): HandshakeSeries => ({ labels: a.labels, failures: a.failures + b.failures }),
  );
  yield* inPieces(
    "istio_requests_total",
    "counter",
    "Requests.",
    http.values().map(({ labels, requests }) => sample("istio_requests_total", labels, requests)),
  );
  yield* histogram(
    "istio_request_duration_milliseconds",
    "From the head of a request to the end of its response.",
    milliseconds,
    http,
    ({ duration }) => duration,
  );
  yield* histogram("istio_request_bytes", "Bodies of requests.", bytes, http, ({ requestBytes }) => requestBytes);
  yield* histogram("istio_response_bytes", "Bodies of responses.", bytes, http, ({ responseBytes }) => responseBytes);
  yield* inPieces(
    "istio_tcp_connections_closed_total",
    "counter",
    "Connections that were forwarded whole and are over.",
    tcp.values().map(({ labels, connections }) => sample("istio_tcp_connections_closed_total", labels, connections)),
  );
  yield* inPieces(
    "istio_tcp_sent_bytes_total",
    "counter",
    "Bytes from servers to callers.",
    tcp.values().map(({ labels, receivedBytes }) => sample("istio_tcp_sent_bytes_total", labels, receivedBytes)),
  );
  yield* inPieces(
    "istio_tcp_received_bytes_total",
    "counter",
    "Bytes from callers to servers.",
    tcp.values().map(({ labels, sentBytes }) => sample("istio_tcp_received_bytes_total", labels, sentBytes)),
  );
  yield* inPieces(
    "meshwright_proxy_tls_handshake_failures_total",
    "counter",
    "Connections on which TLS was not agreed on, by which end called.",
    handshakes
      .values()
      .map(({ labels, failures }) => sample("meshwright_proxy_tls_handshake_failures_total", labels, failures)),
  );
  yield* inPieces("meshwright_proxy_untold_total", "counter", "What no series has, as there are too many.", [
    sample(
      "meshwright_proxy_untold_total",
      {},
      all.reduce((sum, { untold }) => sum + untold, 0),
    ),
  ]);
}

/** The same of how a proxy stands with its control plane. */
export const controlMetricsText = ({ connected, counts }: ControlStatus): string =>
  [
    metric("meshwright_proxy_control_connected", "gauge", "Whether the control plane is connected.", [
      { value: connected ? 1 : 0 },
    ]),
    metric(
      "meshwright_proxy_configurations_total",
      "counter",
      "Configurations that the control plane told, by what became of them.",
      Object.entries(counts).map(([result, value]) => ({ labels: { result }, value })),
    ),
  ].join("");

const merged = <S extends { readonly labels: Readonly<Record<string, string>> }>(
  all: readonly S[],
  added: (a: S, b: S) => S,
): readonly S[] => {
  const byLabels = new Map<string, S>();
  for (const one of all) {
    const key = JSON.stringify(one.labels);
    const known = byLabels.get(key);
    byLabels.set(key, known === undefined ? one : added(known, one));
  }
  return [...byLabels.values()];
};

const addedHttp = (a: Series, b: Series): Series => ({
  labels: a.labels,
  requests: a.requests + b.requests,
  duration: addedDistribution(a.duration, b.duration),
  requestBytes: addedDistribution(a.requestBytes, b.requestBytes),
  responseBytes: addedDistribution(a.responseBytes, b.responseBytes),
});

const addedDistribution = (a: Distribution, b: Distribution): Distribution => ({
  sum: a.sum + b.sum,
  counts: a.counts.map((count, bucket) => count + (b.counts[bucket] ?? 0)),
});

const addedTcp = (a: TcpSeries, b: TcpSeries): TcpSeries => ({
  labels: a.labels,
  connections: a.connections + b.connections,
  sentBytes: a.sentBytes + b.sentBytes,
  receivedBytes: a.receivedBytes + b.receivedBytes,
});

function* inPieces(name: string, type: string, help: string, samples: Iterable<string>): Generator<string, void> {
  yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  yield* samples;
}

const histogram = (
  name: string,
  help: string,
  bounds: readonly number[],
  all: readonly Series[],
  of: (series: Series) => Distribution,
): Generator<string, void> =>
  inPieces(
    name,
    "histogram",
    help,
    all.values().map((series) => {
      const { sum, counts } = of(series);
      let total = 0;
      const buckets = counts.map((count, bucket) => {
        total += count;
        return sample(`${name}_bucket`, { ...series.labels, le: String(bounds[bucket] ?? "+Inf") }, total);
      });
      return [
        ...buckets,
        sample(`${name}_sum`, series.labels, sum),
        sample(`${name}_count`, series.labels, total),
      ].join("");
    }),
  );

const sample = (name: string, labels: Readonly<Record<string, string>>, value: number): string =>
  `${name}${labelsText(labels)} ${value}\n`;
