import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Instance, Placement } from "../../lib/graph/placement.ts";
import { destinationsInScope } from "../../lib/model/callable.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../lib/model/mesh.ts";
import { proxyConfig } from "../../targets/native/emit/index.ts";
import { decoded } from "../../targets/xds/proto/codec.ts";
import type { ServedType } from "./served-type.ts";
import { versionOf, type Served } from "./view.ts";

/**
 * What the project's own proxy is told, as one resource: it goes over to a configuration whole, so that parts of one need no
 * order. The bytes are as `targets/native/discovery.ts` says. It carries what the target emits: what that leaves out is said
 * by the target's `omissions`, which are in the status while such a proxy is connected.
 */
export const servedConfig = (
  { mesh, placement }: { readonly mesh: Mesh; readonly placement: Placement },
  workload: MeshWorkload,
  instance: Instance,
): Served => {
  const value = Buffer.from(JSON.stringify(proxyConfig(mesh, workload, instance, placement)));
  const bytes = toBinary(BytesValueSchema, create(BytesValueSchema, { value }));
  return { name: workload.id, version: versionOf(bytes), bytes, origins: originsOf(mesh, workload) };
};

/** Who may call it, and what it calls: a refusal can mean any of it. */
const originsOf = (mesh: Mesh, workload: MeshWorkload): readonly Origin[] => [
  ...lookup(mesh)
    .authorizations(workload)
    .map(({ origin }) => origin),
  ...(workload.proxy === "sidecar" ? destinationsInScope({ mesh, workload }).map(({ origin }) => origin) : []),
];

/** A resource as JSON. */
export const decodedResource = (type: ServedType, bytes: Uint8Array): unknown =>
  type === "proxyConfig"
    ? JSON.parse(Buffer.from(fromBinary(BytesValueSchema, bytes).value).toString())
    : decoded(type, bytes);
