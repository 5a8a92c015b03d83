import { expect, test } from "vitest";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { fieldManager, type ClusterObject } from "./cluster/index.ts";
import { fieldsOf, isAmong, isAsRecorded, labelled, recorded } from "./record.ts";
import { unchanged, withoutLabel } from "./unchanged.ts";

const labels = { "applyset.kubernetes.io/part-of": "applyset-ours-v1" };
const object: KubernetesObject = {
  apiVersion: "networking.istio.io/v1",
  kind: "DestinationRule",
  metadata: { namespace: "shop", name: "cart" },
  spec: { host: "cart", trafficPolicy: { tls: { mode: "ISTIO_MUTUAL" } }, subsets: [{ name: "v1" }] },
};

const stored = (spec: unknown = object.spec, annotationOwner = fieldManager): ClusterObject => {
  const { metadata, ...rest } = labelled(object, labels);
  return {
    ...rest,
    spec,
    metadata: {
      ...metadata,
      uid: "u",
      resourceVersion: "1",
      managedFields: [
        {
          manager: annotationOwner,
          operation: "Apply",
          apiVersion: object.apiVersion,
          fieldsV1: { "f:metadata": { "f:annotations": { "f:meshwright.dev/applied": {} } } },
        },
      ],
    },
  };
};

test("an object tells which fields were applied, and for whom", () => {
  expect(recorded(stored(), labels)).toEqual([
    ".spec.host",
    ".spec.trafficPolicy.tls.mode",
    ".spec.subsets",
    ".metadata.annotations.meshwright.dev/applied",
    ".metadata.labels.applyset.kubernetes.io/part-of",
  ]);
  expect(fieldsOf(labelled(object, labels))).toEqual(recorded(stored(), labels));
});

test("an object that asks for anything else is not as it was applied", () => {
  expect(isAsRecorded(object, stored(), labels)).toBe(true);
  expect(isAsRecorded({ ...object, spec: { ...object.spec, host: "other" } }, stored(), labels)).toBe(false);
  expect(isAsRecorded({ ...object, metadata: { ...object.metadata, labels: { a: "b" } } }, stored(), labels)).toBe(
    false,
  );
  expect(isAsRecorded(object, stored(object.spec, "kubectl"), labels)).toBe(false);
});

test("another inventory's record, or one that somebody else wrote, tells nothing", () => {
  expect(recorded(stored(), { "applyset.kubernetes.io/part-of": "applyset-theirs-v1" })).toBeUndefined();
  expect(recorded(stored(object.spec, "kubectl"), labels)).toBeUndefined();
});

test("a field is ours itself or as an item of a list that is, and not by how it begins", () => {
  const fields = [".spec.host", ".spec.ports", ".metadata.labels.app"];
  expect(
    [
      ".spec.host",
      '.spec.ports[name="http"].number',
      ".spec.hosts",
      ".spec",
      ".metadata.labels.app.kubernetes.io/name",
    ].map((field) => isAmong(fields, field)),
  ).toEqual([true, true, false, false, false]);
});

test("what the commit asks for as ever and says something else was edited; what it changes too is the plan's", () => {
  const ours = new Map([["DestinationRule shop/cart", stored({ host: "theirs" })]]);
  expect(unchanged([object], ours, labels).map(({ name, isEdited }) => [name, isEdited])).toEqual([
    ["DestinationRule shop/cart", true],
  ]);
  expect(unchanged([{ ...object, spec: { host: "basket" } }], ours, labels)).toEqual([]);
});

test("an object that lost its label is ours by its record", () => {
  const { lost, foreign } = withoutLabel(
    new Map([
      ["a", stored()],
      ["b", stored(object.spec, "kubectl")],
    ]),
    labels,
  );
  expect([[...lost.keys()], [...foreign.keys()]]).toEqual([["a"], ["b"]]);
});
