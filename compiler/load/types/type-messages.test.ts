import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { load } from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshwright-messages-"));
  await cp(join(import.meta.dirname, "..", "..", "..", "policies", "bookinfo"), folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const header = `import { allow, ingress, policy, route, split } from "meshwright";
import { namespace, reviews, productpage, workloads } from "#graph/bookinfo";
import { gateways } from "#graph/istio-ingress";
`;

/** A mistake, and the words in which the editor and CI tell it: what is wrong, or what to write instead. */
const mistakes: readonly (readonly [string, string])[] = [
  ["split(reviews, { v1: 90, v9: 10 })", '\'v9\' does not exist in type \'Weights<"v1" | "v2" | "v3">\''],
  [
    'route({ to: reviews, when: { path: "/a", prefix: "/b" } })',
    "a condition has `path` (exactly this) or `prefix` (this and everything below it), not both",
  ],
  [
    'route({ to: reviews, when: { headers: { a: { prefix: "x", header: "present" } } } })',
    "a header condition is a value, `{ prefix }`, `present` or `absent`: only one of them",
  ],
  [
    'route({ to: reviews, when: { withoutHeaders: { a: { header: "present" } } } })',
    "a header that must not be there at all: `headers: { name: absent }`",
  ],
  [
    "route({ to: reviews, respond: { status: 503 } })",
    "a route leads `to` somebody or has a response of its own: only one of them",
  ],
  ['route({ respond: { status: 503 }, timeout: "2s" })', "a response of the proxy's own is not waited for"],
  ['route({ respond: { status: 503 }, retries: "none" })', "a response of the proxy's own is not asked for again"],
  [
    'route({ respond: { status: 503 }, headers: { request: { set: { a: "b" } } } })',
    "nobody receives the request of a route that responds: edit the `response`",
  ],
  [
    "route({ to: reviews, weights: { v1: 100 } })",
    "weights belong to a split: `to: split(reviews, { v1: 90, v2: 10 })`",
  ],
  [
    'route({ to: reviews, mtls: "strict" })',
    "mTLS is decided by the callee for all its callers: write `mtls` beside `routes`",
  ],
  [
    'policy(workloads["reviews-v1"], { routes: [route({ to: reviews })] })',
    "routes belong to a service: write them in the service's policy",
  ],
  [
    'policy(gateways["istio-ingress"], { routes: [route({ to: reviews })] })',
    "a gateway routes by `ingress(namespace, { gateway, hosts, routes })`",
  ],
  [
    'policy(namespace, { mtls: "strict", allow: "anyone" })',
    "access is granted by the service that is called: write `allow` in its policy",
  ],
  ["allow({ from: productpage, to: reviews })", "a grant speaks of its own policy's service: leave `to` out"],
];

test("a wrong combination is a type error that says what to do", async () => {
  await writeFile(
    join(folder, "bookinfo", "mistakes.ts"),
    `${header}\nexport const mistakes = [\n${mistakes.map(([code]) => `  ${code},\n`).join("")}];\n`,
  );
  const { diagnostics } = await load(folder, { types: true });
  const lineOf = header.split("\n").length + 2;
  mistakes.forEach(([code, words], index) => {
    const told = diagnostics
      .filter(({ place }) => place !== undefined && "span" in place && place.span.line === lineOf + index)
      .map(({ message }) => message);
    expect(told.join("\n"), code).toContain(words);
  });
});
