import { status, type Server, type ServerOptions, type ServiceDefinition } from "@grpc/grpc-js";
import { AggregatedDiscoveryService } from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/ads_pb.js";
import { SecretDiscoveryService } from "../../../targets/xds/proto/generated/envoy/service/secret/v3/sds_pb.js";
import type { ServedType } from "../served-type.ts";
import { defaultLimits, type AdsOptions, type AdsServer, type Client, type Limits } from "./contract.ts";
import { histogram } from "../../prometheus/histogram.ts";
import type { Protocol } from "./session/session.ts";
import { stream, type Call, type Stream } from "./stream.ts";
import { tally } from "./tally.ts";

/** Streams that are brought to their new view before the network gets its turn again. */
const streamsAtOnce = 16;

/** Discovery over gRPC. It knows no mesh and no certificate: who is admitted and what they see is said by `options`. */
export const adsServer = (options: AdsOptions): AdsServer => {
  const limits = { ...defaultLimits, ...options.limits };
  const counted = tally();
  const streams = new Set<Stream>();
  /** Each with when the oldest change was taken that it was not told of, where that is measured. */
  const behind = new Map<Stream, number | undefined>();
  const convergence = histogram();
  let isDraining = false;
  let isCatchingUp = false;

  const perClient = new Map<string, number>();
  const perOwner = new Map<string, number>();
  const counts = ({ key, owner }: Client, change: 1 | -1): void => {
    added(perClient, key, change);
    if (owner !== undefined) added(perOwner, owner, change);
  };
  const tooMany = ({ key, owner }: Client): string | undefined => {
    const { streamsPerClient, streamsPerOwner } = limits;
    if ((perClient.get(key) ?? 0) >= streamsPerClient) return `more than ${streamsPerClient} streams of one client`;
    return owner !== undefined && (perOwner.get(owner) ?? 0) >= streamsPerOwner
      ? `more than ${streamsPerOwner} streams of one identity`
      : undefined;
  };

  const caughtUp = (): void => {
    isCatchingUp = false;
    let count = 0;
    for (const [stream, takenAt] of behind) {
      behind.delete(stream);
      stream.refreshed(takenAt);
      if ((count += 1) >= streamsAtOnce) break;
    }
    if (behind.size > 0) catchUp();
  };
  const catchUp = (): void => {
    if (isCatchingUp) return;
    isCatchingUp = true;
    setImmediate(caughtUp);
  };

  const opened = (protocol: Protocol, only?: ServedType) => (call: Call) => {
    if (isDraining) return void call.emit("error", { code: status.UNAVAILABLE, details: "draining" });
    if (streams.size >= limits.streams) {
      counted.overLimit += 1;
      return void call.emit("error", {
        code: status.RESOURCE_EXHAUSTED,
        details: `more than ${limits.streams} streams`,
      });
    }
    counted.opened += 1;
    streams.add(
      stream(call, protocol, only, {
        options,
        limits,
        tally: counted,
        tooMany,
        opened: (client) => counts(client, 1),
        isBehind: (stream) => behind.has(stream),
        converged: convergence.took,
        closed: (stream) => {
          if (!streams.delete(stream)) return;
          const client = stream.client();
          if (client !== undefined) counts(client, -1);
          behind.delete(stream);
        },
      }),
    );
  };

  return {
    addTo: (server: Server, only) => {
      const sds = SecretDiscoveryService.typeName;
      server.addService(
        { state: method(sds, "StreamSecrets"), delta: method(sds, "DeltaSecrets") },
        { state: opened("sotw", "secret"), delta: opened("delta", "secret") },
      );
      if (only === "secret") return;
      const ads = AggregatedDiscoveryService.typeName;
      server.addService(
        { state: method(ads, "StreamAggregatedResources"), delta: method(ads, "DeltaAggregatedResources") },
        { state: opened("sotw"), delta: opened("delta") },
      );
    },
    changed: (takenAt) => {
      for (const stream of streams) behind.set(stream, behind.get(stream) ?? takenAt);
      catchUp();
    },
    clients: () => [...streams].flatMap((stream) => stream.status() ?? []),
    judged: (verdict) => {
      for (const stream of [...streams]) stream.judged(verdict);
    },
    metrics: () => {
      const admitted = [...streams].filter((stream) => stream.client() !== undefined);
      return {
        ...structuredClone(counted),
        streams: streams.size,
        admitted: admitted.length,
        synced: admitted.filter((stream) => stream.isSynced()).length,
        convergence: convergence.read(),
      };
    },
    drained: async (graceMs) => {
      isDraining = true;
      const all = [...streams];
      await Promise.all(
        all.map(async (stream, index) => {
          await new Promise((resolve) => setTimeout(resolve, (graceMs * index) / all.length));
          await stream.ended();
        }),
      );
    },
  };
};

const added = (counts: Map<string, number>, key: string, change: 1 | -1): void => {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
};

/** Bytes in, bytes out: a message that is none must end its stream as the client's fault, which gRPC's own codec would not. */
const method = (service: string, name: string): ServiceDefinition[string] => ({
  path: `/${service}/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
});

/** What a server that serves discovery is made with: large requests end there, and connections that died are noticed. */
export const adsServerOptions = (limits: Partial<Limits> = {}): ServerOptions => {
  const { requestBytes, keepaliveMs, keepaliveTimeoutMs, idleMs, streamsPerConnection } = {
    ...defaultLimits,
    ...limits,
  };
  return {
    "grpc.max_receive_message_length": requestBytes,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.max_connection_idle_ms": idleMs,
    "grpc.max_concurrent_streams": streamsPerConnection,
  };
};
