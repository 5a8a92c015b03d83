import { Client, type ChannelCredentials } from "@grpc/grpc-js";
import { hostAndPort } from "../host-and-port.ts";

/** One stream to a control plane, on a connection of its own. */
export interface Stream {
  /** Says nothing where the stream is over. */
  readonly say: (message: Uint8Array) => void;
  /** Resolves when it is over, with the reason. */
  readonly ended: Promise<string>;
  readonly end: (reason: string) => void;
}

export interface StreamOptions {
  readonly target: { readonly address: string; readonly port: number };
  readonly credentials: ChannelCredentials;
  /** The server took the stream, as far as can be told: it answers nothing to who has all already. */
  readonly connected: () => void;
  readonly heard: (message: Uint8Array) => void;
}

const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/** Whom the server does not admit it sends away sooner than this. */
const admittedAfterMs = 500;

const bytes = (message: Buffer): Buffer => message;

export const stream = ({ target, credentials, connected, heard }: StreamOptions): Stream => {
  const client = new Client(`dns:${hostAndPort(target)}`, credentials, {
    // As an Envoy says it (`targets/xds/bootstrap.ts`): an address can be no name in TLS.
    "grpc.ssl_target_name_override": "mesh-control",
    // A connection that died is noticed, as Envoy's is.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_receive_message_length": -1,
    // Certificates are renewed: no connection is shared with an older one.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_retries": 0,
  });
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(method, bytes, bytes);
  const over = Promise.withResolvers<string>();
  let isOver = false;
  let admitted: NodeJS.Timeout | undefined;
  const finished = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(admitted);
    call.cancel();
    client.close();
    over.resolve(reason);
  };
  client.waitForReady(Infinity, (error) => {
    if (error === undefined && !isOver) admitted = setTimeout(connected, admittedAfterMs).unref();
  });
  call.on("data", (message: Buffer) => {
    if (isOver) return;
    clearTimeout(admitted);
    connected();
    heard(message);
  });
  // The status says the same, and more.
  call.on("error", () => undefined);
  call.on("status", ({ details, code }) =>
    finished(reasonIn(details) || `the control plane ended the stream (${code})`),
  );
  return {
    say: (message) => {
      if (!isOver) call.write(Buffer.from(message));
    },
    ended: over.promise,
    end: finished,
  };
};

/** What kept a connection from being made, without the words that gRPC puts around it. */
const reasonIn = (details: string): string =>
  details.replace(/^No connection established\. Last error: (?:Error: )?(.*?)\. Resolution note: .*$/s, "$1");
