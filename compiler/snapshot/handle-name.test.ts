import fc from "fast-check";
import { expect, test } from "vitest";
import { isDnsLabel } from "../../lib/graph/kubernetes-name.ts";
import { handleName } from "./handle-name.ts";

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
/** Names one edit apart are where a mapping that loses something would show. */
const near = label.chain((name) =>
  fc.tuple(
    fc.constant(name),
    fc.constantFrom(
      name.replace("-", "--"),
      name.replaceAll("-", ""),
      name.replace(/-(.)/, "$1"),
      `${name}-a`,
      `${name}a`,
      `${name}-1`,
      `${name}1`,
    ),
  ),
);

test("no two services have one name", () => {
  fc.assert(
    fc.property(fc.oneof(near, fc.tuple(label, label)), ([a, b]) => {
      fc.pre(isDnsLabel(a) && isDnsLabel(b) && a !== b);
      expect(handleName(a)).not.toBe(handleName(b));
    }),
    { numRuns: 5000 },
  );
});

test("every name can be taken back", () => {
  const service = (name: string) =>
    name
      .replace(/^\$/, "")
      .replaceAll("_", "-")
      .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  fc.assert(
    fc.property(label, (name) => {
      expect(service(handleName(name))).toBe(name);
    }),
  );
});

test("reads as people write it", () => {
  expect(
    ["reviews", "product-page", "a-1", "a--b", "1st", "default", "workloads", "namespace", "global-this"].map(
      handleName,
    ),
  ).toEqual(["reviews", "productPage", "a_1", "a_B", "$1st", "$default", "$workloads", "$namespace", "$globalThis"]);
});
