/** A control plane for tests, with everything real but the policies and the proxies. */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { randomMesh } from "../../golden/random/mesh.ts";
import { capturedPlacement } from "../../golden/random/placement.ts";
import type { SpiffeId } from "../../lib/model/selector.ts";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
} from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import type { LogEntry } from "../log/log.ts";
import { control, type ControlOptions } from "./control.ts";
import { testAuthority } from "./identity/fixture.ts";
import { identities, type Authority } from "./identity/index.ts";
import type { Kept } from "../diagnostics/kept.ts";
import type { SourceListener } from "./source/source.ts";
import type { Revision } from "./views.ts";

/** A mesh in which everything stands still but what a test changes. */
const { graph, mesh } = randomMesh(3);
const placement = capturedPlacement(graph);
export const workload = mesh.workloads.find(({ proxy }) => proxy !== "none")!.id;
export const nodeId = `${workload}/0`;

/** The mesh in which the workload runs as that identity; without one, in which it is gone. */
export const running = (identity: SpiffeId | undefined): Revision => ({
  mesh: {
    ...mesh,
    workloads: mesh.workloads.flatMap((one) =>
      one.id !== workload ? [one] : identity === undefined ? [] : [{ ...one, identity }],
    ),
  },
  placement,
});

export const controlled = async (first: Revision | undefined, settings: Partial<ControlOptions> = {}) => {
  const authority = await testAuthority();
  const held = identities({ authority });
  onTestFinished(held.close);
  const log: LogEntry[] = [];
  let listener: SourceListener | undefined;
  const plane = await control({
    source: {
      spansOf: async () => new Map(),
      followed: async (follower) => {
        listener = follower;
        if (first !== undefined) follower.taken(first);
        return { stop: () => Promise.resolve() };
      },
    },
    authority,
    identities: held,
    listen: { address: "127.0.0.1", port: 0 },
    names: ["localhost"],
    accessLog: "none",
    sweepMs: 100,
    log: (entry) => log.push(entry),
    ...settings,
  });
  onTestFinished(() => plane.close(0));
  return {
    plane,
    authority,
    log,
    takes: (revision: Revision, warnings: readonly Kept[] = [], ofMeshProxies: readonly Kept[] = []) => {
      listener?.taken(revision);
      listener?.warned(warnings, ofMeshProxies);
    },
  };
};

/** A client with a certificate of its own. */
export const connected = async (port: number, authority: Authority, identity: SpiffeId) => {
  const own = await authority.issued(identity);
  const client = new Client(
    `localhost:${port}`,
    credentials.createSsl(
      Buffer.from(authority.roots()),
      Buffer.from(own.privateKey),
      Buffer.from(own.certificateChain),
    ),
    { "grpc.use_local_subchannel_pool": 1 },
  );
  onTestFinished(() => client.close());
  return client;
};

const path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/** A stream, with all that it was told so far; `heard` is called with each response. */
export const streaming = (client: Client, heard: (response: DeltaDiscoveryResponse) => void = () => undefined) => {
  const bytes = (buffer: Buffer): Buffer => buffer;
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(path, bytes, bytes);
  const said: DeltaDiscoveryResponse[] = [];
  stream.on("data", (message: Buffer) => {
    const response = fromBinary(DeltaDiscoveryResponseSchema, message);
    said.push(response);
    heard(response);
  });
  stream.on("error", () => undefined);
  const ended = new Promise<{ readonly code: number; readonly details: string }>((resolve) =>
    stream.on("status", resolve),
  );
  const send = (what: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void =>
    void stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, what))));
  return { said, ended, send };
};

export const eventually = async (probe: () => boolean): Promise<void> => {
  while (!probe()) await sleep(10);
};
