import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { proxyConfigTypeUrl, proxyUserAgent } from "../../targets/native/discovery.ts";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";

/** Who a proxy says it is; what it is believed is what its certificate proves. */
export interface ProxyNode {
  /** `namespace/workload/instance`. */
  readonly id: string;
  /** `namespace/workload`: also the name of the one resource that it asks for. */
  readonly workload: string;
  /** Of the program. */
  readonly version: string;
}

/** What the control plane says: a configuration, or that there is none. */
export interface Told {
  readonly nonce: string;
  readonly configuration: { readonly version: string; readonly text: string } | "none";
}

/** The first request of a stream: the one that says what is in force already, so that it is not sent again. */
export const firstRequest = ({ id, workload, version }: ProxyNode, inForce: string | undefined): Uint8Array =>
  toBinary(
    DeltaDiscoveryRequestSchema,
    create(DeltaDiscoveryRequestSchema, {
      typeUrl: proxyConfigTypeUrl,
      node: {
        id,
        cluster: workload,
        userAgentName: proxyUserAgent,
        userAgentVersionType: { case: "userAgentVersion", value: version },
      },
      resourceNamesSubscribe: [workload],
      initialResourceVersions: inForce === undefined ? {} : { [workload]: inForce },
    }),
  );

/** gRPC's INVALID_ARGUMENT: what xDS clients refuse a resource with. */
const invalid = 3;

/** An ACK; with the reason of a refusal a NACK. */
export const answer = (nonce: string, refusal?: string): Uint8Array =>
  toBinary(
    DeltaDiscoveryRequestSchema,
    create(DeltaDiscoveryRequestSchema, {
      typeUrl: proxyConfigTypeUrl,
      responseNonce: nonce,
      ...(refusal !== undefined && { errorDetail: { code: invalid, message: refusal } }),
    }),
  );

/** Undefined for what says nothing about the workload's configuration. Throws where the bytes are no such message. */
export const told = (bytes: Uint8Array, workload: string): Told | undefined => {
  const { typeUrl, nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  if (typeUrl !== proxyConfigTypeUrl) return undefined;
  const own = resources.find(({ name }) => name === workload);
  if (own?.resource !== undefined) {
    const { value } = fromBinary(BytesValueSchema, own.resource.value);
    return { nonce, configuration: { version: own.version, text: Buffer.from(value).toString() } };
  }
  return removedResources.includes(workload) ? { nonce, configuration: "none" } : undefined;
};
