import { samples, type Sample } from "./samples.ts";

/** Calls of one kind, as the proxy on the caller's side counts them. */
export interface Flow {
  /** Whose proxy counts. */
  readonly from: string;
  /** The service that was named; a gateway says the host that it was asked for. */
  readonly service: string;
  /** Known where the proxies know each other: present for TCP, as Istio's names for HTTP have no port. */
  readonly port: number | undefined;
  /** Who got it; undefined where nobody did. */
  readonly to: string | undefined;
  readonly mtls: boolean;
  readonly outcome: "answered" | "refused" | "failed";
}

/** A flow with how many of it there were since its proxy began. */
export interface Total extends Flow {
  readonly count: number;
}

const counters = new Set(["istio_requests_total", "istio_tcp_connections_closed_total"]);

/** What a proxy's `/metrics` says of the calls that it made: what arrives is counted by those that call. */
export const totals = (from: string, text: string): readonly Total[] =>
  samples(text, counters)
    .filter(({ labels }) => labels["reporter"] === "source")
    .map((sample) => ({ from, ...flow(sample), count: sample.value }));

const flow = ({ name, labels }: Sample): Omit<Flow, "from"> => {
  const isHttp = name === "istio_requests_total";
  // A connection is forwarded by a cluster: HOST|SUBSET|PORT.
  const [host = "", , port] = (labels["destination_service"] ?? "").split("|");
  return {
    service: host,
    port: isHttp || port === undefined ? undefined : Number(port),
    to:
      labels["destination_workload"] === "unknown"
        ? undefined
        : `${labels["destination_workload_namespace"]}/${labels["destination_workload"]}`,
    mtls: labels["connection_security_policy"] === "mutual_tls",
    outcome: isHttp
      ? outcomeOf(Number(labels["response_code"]))
      : labels["response_flags"] === "-"
        ? "answered"
        : "failed",
  };
};

/** 403 is what a mesh refuses with; 0 is an answer that never came. */
export const outcomeOf = (status: number): Flow["outcome"] =>
  status === 403 ? "refused" : status === 0 || status >= 500 ? "failed" : "answered";
