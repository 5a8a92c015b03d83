import { expect, test } from "vitest";
import { defaultPlatform } from "../../lib/graph/platform.ts";
import { deploymentText, discovered, documents, underlined } from "./fixture.ts";

const configMap = (mesh: string, name = "istio", namespace = "istio-system") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata:\n  mesh: |-\n${mesh.replace(/^/gm, "    ")}`;
const platform = (mesh: string) => discovered(configMap(mesh)).value?.platform;

test("what the mesh configuration leaves out is Istio's default", () => {
  expect(platform("")).toEqual(defaultPlatform);
  expect(discovered("").value?.platform).toEqual(defaultPlatform);
});

test("reads what decides about requests", () => {
  expect(
    platform(`trustDomain: td1
trustDomainAliases: [td3, td2, td3]
rootNamespace: mesh-root
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}
enableAutoMtls: false
defaultHttpRetryPolicy: {attempts: 3, retryOn: "5xx, reset,503"}`),
  ).toEqual({
    ...defaultPlatform,
    trustDomain: "td1",
    trustDomainAliases: ["td2", "td3"],
    rootNamespace: "mesh-root",
    outbound: "registry-only",
    pathNormalization: "decode-and-merge-slashes",
    autoMtls: false,
    defaultRetries: { attempts: 3, on: ["5xx", "reset", "503"] },
  });
});

test("a policy that is written but says nothing is the zero of its enum, not Istio's default", () => {
  expect(platform("outboundTrafficPolicy: {}")?.outbound).toBe("registry-only");
  expect(platform("pathNormalization: {}")?.pathNormalization).toBe("base");
  expect(platform("defaultHttpRetryPolicy: {retryOn: 5xx}")?.defaultRetries).toEqual({ attempts: 0, on: [] });
});

test("fields may be written as protobuf has them", () => {
  expect(platform("trust_domain: td1\nenable_auto_mtls: false")).toMatchObject({ trustDomain: "td1", autoMtls: false });
});

test("a mistake in the embedded text is underlined in the manifest", () => {
  const text = configMap("# first\noutboundTrafficPolicy:\n  mode: NONE_AT_ALL");
  const { diagnostics } = discovered(text);
  const found = diagnostics.find(({ code }) => code === "MESH4009")!;
  expect(underlined(text, found)).toBe("NONE_AT_ALL");
  expect(found.place).toMatchObject({ span: { line: 8 } });
});

test("reports what changes a mesh and has no place in the graph", () => {
  expect(
    discovered(
      configMap(
        'defaultServiceExportTo: ["."]\ndefaultVirtualServiceExportTo: ["*"]\ninboundTrafficPolicy: {mode: LOCALHOST}',
      ),
    ).codes,
  ).toEqual(["MESH4020", "MESH4020"]);
});

test("one of several control planes must be meant", () => {
  const both = documents(configMap("trustDomain: old"), configMap("trustDomain: new", "istio-canary"));
  expect(discovered(both).codes).toEqual(["MESH4024"]);
  expect(discovered(both, { revision: "canary" }).value?.platform).toMatchObject({
    revision: "canary",
    trustDomain: "new",
  });
  expect(discovered(both, { revision: "other" }).codes).toEqual(["MESH4024"]);
});

test("another ConfigMap is nobody's configuration", () => {
  expect(platform("") && discovered(configMap("trustDomain: x", "app")).value?.platform.trustDomain).toBe(
    "cluster.local",
  );
});

test("istiod's own Deployment says release, revision and domain", () => {
  const istiod = deploymentText({
    name: "istiod-canary",
    namespace: "istio-system",
    labels: { app: "istiod", "istio.io/rev": "canary" },
    spec: {
      containers: [
        {
          name: "discovery",
          image: "registry/istio/pilot:1.31.4-distroless",
          args: ["discovery", "--domain", "corp.local"],
        },
      ],
    },
  });
  expect(discovered(istiod).value?.platform).toEqual({
    ...defaultPlatform,
    version: "1.31.4",
    revision: "canary",
    clusterDomain: "corp.local",
  });
});
