import { expect, test } from "vitest";
import type { ClusterObject, FieldSet } from "./api.ts";
import { hasDrifted, isManagedBy, ownedFields } from "./fields.ts";

const object = (spec: object, fields: FieldSet, more: object = {}): ClusterObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: {
    name: "a",
    uid: "u",
    resourceVersion: "1",
    managedFields: [
      { manager: "ours", operation: "Update", apiVersion: "v1", fieldsV1: { "f:spec": { "f:updated": {} } } },
      { manager: "ours", operation: "Apply", apiVersion: "v1", subresource: "status", fieldsV1: { "f:status": {} } },
      { manager: "ours", operation: "Apply", apiVersion: "v1", fieldsV1: fields },
      { manager: "theirs", operation: "Apply", apiVersion: "v1", fieldsV1: { "f:spec": { "f:theirs": {} } } },
    ],
    ...more,
  },
  spec,
});

const fields: FieldSet = {
  "f:spec": {
    ".": {},
    "f:hosts": {},
    "f:ports": { 'k:{"number":80}': { ".": {}, "f:name": {}, "f:number": {} } },
    "f:finalizers": { 'v:"ours"': {} },
    "f:empty": { ".": {} },
  },
};
const spec = { hosts: ["a"], ports: [{ number: 80, name: "http" }], finalizers: ["ours"], empty: {}, theirs: 1 };
const drifted = (changed: object, live: FieldSet = fields): boolean =>
  hasDrifted(object(spec, fields), object({ ...spec, ...changed }, live), "ours");

test("what is applied is what a manager owns, and neither its updates nor its subresources", () => {
  expect(ownedFields(object(spec, fields), "ours")).toBe(fields);
  expect(ownedFields(object(spec, fields), "nobody")).toEqual({});
  expect([isManagedBy(object(spec, fields), "ours"), isManagedBy(object(spec, fields), "nobody")]).toEqual([
    true,
    false,
  ]);
});

test("others' fields, items and defaults are no drift", () => {
  expect(drifted({})).toBe(false);
  expect(drifted({ theirs: 2, defaulted: true })).toBe(false);
  expect(
    drifted({
      ports: [
        { number: 443, name: "https" },
        { name: "http", number: 80, protocol: "TCP" },
      ],
    }),
  ).toBe(false);
  expect(drifted({ finalizers: ["theirs", "ours"], empty: { theirs: true } })).toBe(false);
});

test("another value, a missing field or item, and a field that was taken are drift", () => {
  expect(drifted({ hosts: ["b"] })).toBe(true);
  expect(drifted({ hosts: undefined })).toBe(true);
  expect(drifted({ ports: [{ number: 80, name: "https" }] })).toBe(true);
  expect(drifted({ ports: [] })).toBe(true);
  expect(drifted({ finalizers: [] })).toBe(true);
  expect(drifted({ empty: undefined })).toBe(true);
  expect(drifted({}, { "f:spec": { "f:hosts": {} } })).toBe(true);
  expect(drifted({}, {})).toBe(true);
});

test("another object of the name is drift", () => {
  expect(hasDrifted(object(spec, fields), object(spec, fields, { uid: "v" }), "ours")).toBe(true);
});
