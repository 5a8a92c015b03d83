import { fromBinary } from "@bufbuild/protobuf";
import type { Node as NodeMessage } from "../../../../targets/xds/proto/generated/envoy/config/core/v3/base_pb.js";
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
  type DeltaDiscoveryRequest,
  type DiscoveryRequest,
} from "../../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { servedTypes, servedTypeUrls, type ServedType } from "../../served-type.ts";
import type { Node } from "../contract.ts";
import type { DeltaRequest, SetRequest } from "../session/message.ts";

/** A request as it came. The type is undefined where this server has none of that kind. */
export interface Received<Request> {
  readonly typeUrl: string;
  readonly type: ServedType | undefined;
  readonly node: Node | undefined;
  readonly request: Omit<Request, "type">;
}

const types = new Map<string, ServedType>(servedTypes.map((type) => [servedTypeUrls[type], type]));

/** What a node says of itself is kept for as long as its stream is open. */
const longestText = 1024;

const nodeOf = (node: NodeMessage | undefined): Node | undefined => {
  if (node === undefined) return undefined;
  const { id, cluster } = node;
  const userAgent = `${node.userAgentName} ${userAgentVersion(node)}`.trim();
  if ([id, cluster, userAgent].some((text) => text.length > longestText))
    throw new RangeError(`a node says more than ${longestText} characters of itself`);
  return { id, cluster, userAgent };
};

const userAgentVersion = ({ userAgentVersionType: { case: kind, value } }: NodeMessage): string => {
  if (kind === "userAgentVersion") return value;
  const version = kind === "userAgentBuildVersion" ? value.version : undefined;
  return version === undefined ? "" : `${version.majorNumber}.${version.minorNumber}.${version.patch}`;
};

const longestMessage = 2000;

/** A client's words, without any key that it may have quoted. */
const said = (message: string): string =>
  (message || "refused without a word")
    .replaceAll(/-----BEGIN[^-]*-----[\s\S]*?(-----END[^-]*-----|$)/g, "[PEM]")
    .slice(0, longestMessage);

type Message = DeltaDiscoveryRequest | DiscoveryRequest;

const sender = ({ typeUrl, node }: Message, implied: ServedType | undefined): Omit<Received<never>, "request"> => ({
  typeUrl,
  type: typeUrl === "" ? implied : types.get(typeUrl),
  node: nodeOf(node),
});

const answerOf = ({ responseNonce, errorDetail }: Message): Pick<DeltaRequest, "nonce" | "error"> => ({
  nonce: responseNonce,
  error: errorDetail && said(errorDetail.message),
});

/** Throws where the bytes are no such request. A service of one type may leave its name out. */
export const deltaRequest = (bytes: Uint8Array, implied: ServedType | undefined): Received<DeltaRequest> => {
  const message = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  return {
    ...sender(message, implied),
    request: {
      ...answerOf(message),
      subscribe: [...message.resourceNamesSubscribe, ...message.resourceLocatorsSubscribe.map(({ name }) => name)],
      unsubscribe: [
        ...message.resourceNamesUnsubscribe,
        ...message.resourceLocatorsUnsubscribe.map(({ name }) => name),
      ],
      initialVersions: new Map(Object.entries(message.initialResourceVersions)),
    },
  };
};

/** Throws where the bytes are no such request. */
export const setRequest = (bytes: Uint8Array, implied: ServedType | undefined): Received<SetRequest> => {
  const message = fromBinary(DiscoveryRequestSchema, bytes);
  return {
    ...sender(message, implied),
    request: {
      ...answerOf(message),
      names: [...message.resourceNames, ...message.resourceLocators.map(({ name }) => name)],
    },
  };
};
