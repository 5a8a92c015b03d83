import { isDeepStrictEqual } from "node:util";
import {
  fieldManager,
  hasDrifted,
  refOf,
  type ClusterApi,
  type ClusterObject,
  type WantedObject,
} from "../../../runtime/gitops/cluster/index.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { virtualService, type Surroundings } from "./surroundings.ts";

type Patch = readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];

interface Case {
  readonly law: string;
  /** As kubectl edit. */
  readonly edits: readonly Patch[];
  readonly drifted: boolean;
}

const route = (host: string, extra: object = {}) => ({ route: [{ destination: { host } }], ...extra });

const cases: readonly Case[] = [
  { law: "an object that nobody touched has not drifted", edits: [], drifted: false },
  {
    law: "a value that somebody changed has drifted",
    edits: [[{ op: "replace", path: "/spec/http", value: [route("theirs")] }]],
    drifted: true,
  },
  {
    law: "a field that somebody removed has drifted",
    edits: [[{ op: "remove", path: "/spec/gateways" }]],
    drifted: true,
  },
  {
    law: "a label of ours that somebody removed has drifted",
    edits: [[{ op: "remove", path: "/metadata/labels/part-of" }]],
    drifted: true,
  },
  {
    law: "a value that somebody changed and changed back is theirs, and has drifted",
    edits: [
      [{ op: "replace", path: "/spec/hosts", value: ["theirs"] }],
      [{ op: "replace", path: "/spec/hosts", value: ["drifting"] }],
    ],
    drifted: true,
  },
  {
    law: "a field inside of a list that is one value has drifted",
    edits: [[{ op: "add", path: "/spec/http/0/timeout", value: "5s" }]],
    drifted: true,
  },
  {
    law: "a field that is nobody's of ours has not drifted",
    edits: [[{ op: "add", path: "/spec/exportTo", value: ["."] }]],
    drifted: false,
  },
  {
    law: "another's labels and annotations have not drifted",
    edits: [
      [
        { op: "add", path: "/metadata/labels/theirs", value: "yes" },
        { op: "add", path: "/metadata/annotations", value: { theirs: "yes" } },
      ],
    ],
    drifted: false,
  },
  {
    law: "a status has not drifted",
    edits: [[{ op: "add", path: "/status", value: { observedGeneration: "1" } }]],
    drifted: false,
  },
];

/** What the watch decides by itself is what the API server says of a dry run. */
export const drift = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  const base = virtualService("drifting", { gateways: ["mesh"], hosts: ["drifting"] });
  const wanted = { ...base, metadata: { ...base.metadata, labels: { "part-of": "ours" } } };
  const ref = refOf(wanted);
  const path = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/drifting";
  const judgedDrift = async (applied: ClusterObject, drifted: boolean): Promise<string | undefined> => {
    const live = await api.get(ref);
    if (live === undefined) return "it is gone";
    return (
      difference(hasDrifted(applied, live, fieldManager), drifted) ??
      // A conflict is a change, too: whose field it is, was asked for.
      difference(await wouldChange(api, wanted, live).catch(() => true), drifted)
    );
  };
  for (const { law, edits, drifted } of cases)
    await judged(verdicts, law, async () => {
      const applied = await api.apply(wanted);
      for (const edit of edits)
        await server.kube.raw("PATCH", `${path}?fieldManager=kubectl-edit`, edit, "application/json-patch+json");
      const wrong = await judgedDrift(applied, drifted);
      await api.remove(ref, { uid: applied.metadata.uid });
      return wrong;
    });
  await judged(verdicts, "an object that was removed and made again by others has drifted", async () => {
    const applied = await api.apply(wanted);
    await api.remove(ref, { uid: applied.metadata.uid });
    await server.kube.raw("PATCH", `${path}?fieldManager=others`, wanted, "application/apply-patch+yaml");
    const wrong = await judgedDrift(applied, true);
    const live = await api.get(ref);
    await api.remove(ref, { uid: live?.metadata.uid ?? "" });
    return wrong;
  });
  await judged(
    verdicts,
    "lists that merge by key are compared by it: another's port of a ServiceEntry has not drifted, ours has",
    async () => {
      const entry = {
        apiVersion: "networking.istio.io/v1",
        kind: "ServiceEntry",
        metadata: { name: "far", namespace: "shop" },
        spec: { hosts: ["far.test"], resolution: "DNS", ports: [{ number: 80, name: "http", protocol: "HTTP" }] },
      };
      const applied = await api.apply(entry);
      const at = "/apis/networking.istio.io/v1/namespaces/shop/serviceentries/far?fieldManager=kubectl-edit";
      const edited = async (edit: Patch): Promise<boolean> => {
        await server.kube.raw("PATCH", at, edit, "application/json-patch+json");
        const live = await api.get(refOf(entry));
        return live === undefined || hasDrifted(applied, live, fieldManager);
      };
      const theirs = await edited([
        { op: "add", path: "/spec/ports/-", value: { number: 443, name: "https", protocol: "TLS" } },
      ]);
      const ours = await edited([{ op: "replace", path: "/spec/ports/0/protocol", value: "HTTP2" }]);
      return difference([theirs, ours], [false, true]);
    },
  );
};

/**
 * Whether an apply would change anything, as the API server judges it: defaults, webhooks and ownership counted, at the price of
 * a request. Rejects as `apply` does.
 */
const wouldChange = async (
  api: Pick<ClusterApi, "apply">,
  wanted: WantedObject,
  live: ClusterObject,
): Promise<boolean> => {
  const outcome = await api.apply(wanted, { dryRun: true });
  return !isDeepStrictEqual(timeless(outcome), timeless(live));
};

/** Without what a write changes by being one. */
const timeless = ({ metadata, ...rest }: ClusterObject): unknown => {
  const { resourceVersion: _version, generation: _generation, managedFields = [], ...kept } = metadata;
  return { ...rest, metadata: { ...kept, managedFields: managedFields.map(({ time: _time, ...entry }) => entry) } };
};
