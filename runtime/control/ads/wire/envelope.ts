import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
  ResourceSchema,
} from "../../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { servedTypeUrls, type ServedType } from "../../served-type.ts";
import type { Served } from "../../view.ts";
import type { Response } from "../session/message.ts";
import type { Protocol } from "../session/session.ts";

/** Both kinds of response have their resources in field 2, length-delimited: one encoded resource fits into any response. */
const resourcesTag = 0x12;

const field = (message: Uint8Array): Buffer => {
  const head = [resourcesTag];
  let length = message.length;
  for (; length > 0x7f; length = Math.floor(length / 0x80)) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), message]);
};

const wrapped: Readonly<Record<Protocol, WeakMap<Served, Buffer>>> = { delta: new WeakMap(), sotw: new WeakMap() };

/** A resource as the field of a response that it is: made once, whoever it is sent to. */
const resourceField = (protocol: Protocol, type: ServedType, served: Served): Buffer => {
  const known = wrapped[protocol].get(served);
  if (known !== undefined) return known;
  const { name, version, bytes } = served;
  const resource = create(AnySchema, { typeUrl: servedTypeUrls[type], value: bytes });
  const made = field(
    protocol === "delta"
      ? toBinary(ResourceSchema, create(ResourceSchema, { name, version, resource }))
      : toBinary(AnySchema, resource),
  );
  wrapped[protocol].set(served, made);
  return made;
};

/** A response as bytes: its own few fields, then the resources, which are never encoded for one client alone. */
export const encodedResponse = (protocol: Protocol, { type, nonce, version, resources, removed }: Response): Buffer => {
  const typeUrl = servedTypeUrls[type];
  const head =
    protocol === "delta"
      ? toBinary(
          DeltaDiscoveryResponseSchema,
          create(DeltaDiscoveryResponseSchema, { typeUrl, nonce, removedResources: [...removed] }),
        )
      : toBinary(DiscoveryResponseSchema, create(DiscoveryResponseSchema, { typeUrl, nonce, versionInfo: version }));
  return Buffer.concat([head, ...resources.map((served) => resourceField(protocol, type, served))]);
};
