import { createHash } from "node:crypto";
import type { ObjectRef } from "../cluster/index.ts";

/** `VirtualService.networking.istio.io`; a kind of the core group is alone. */
export const groupKind = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string => {
  const group = groupOf(apiVersion);
  return group === "" ? kind : `${kind}.${group}`;
};

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** KEP-3659, "ApplySet identification": nobody can claim another's objects by choosing a label. */
export const applySetId = ({ name, namespace = "", kind, apiVersion }: ObjectRef): string =>
  `applyset-${createHash("sha256")
    .update([name, namespace, kind, groupOf(apiVersion)].join("."))
    .digest("base64url")}-v1`;
