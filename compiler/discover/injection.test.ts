import { expect, test } from "vitest";
import { deploymentText, discovered, documents, namespaceText } from "./fixture.ts";

type Pod = Omit<Parameters<typeof deploymentText>[0], "name">;

const proxy = (namespace: Readonly<Record<string, string>> | undefined, pod: Pod = {}) => {
  const name = pod.namespace ?? "shop";
  const text = documents(
    ...(namespace ? [namespaceText(name, namespace)] : []),
    deploymentText({ name: "app", ...pod }),
  );
  const { value, codes } = discovered(text);
  return [value?.graph.workloads[0]?.proxy, ...codes].join(" ");
};
const inject = "sidecar.istio.io/inject";
const on = { "istio-injection": "enabled" };

test("a namespace's labels ask for sidecars", () => {
  expect(proxy(on)).toBe("sidecar");
  expect(proxy({ "istio.io/rev": "canary" })).toBe("sidecar");
  expect(proxy({})).toBe("none");
  expect(proxy({ "istio-injection": "disabled" })).toBe("none");
});

test("`istio-injection` outranks `istio.io/rev`", () => {
  expect(proxy({ "istio-injection": "disabled", "istio.io/rev": "canary" })).toBe("none");
});

test("a namespace whose manifest is not given is taken to be in the mesh, and that is said", () => {
  expect(proxy(undefined)).toBe("sidecar");
  expect(discovered(deploymentText({ name: "app" })).diagnostics.map(({ code }) => code)).toContain("MESH4018");
});

test("a pod's label decides where the namespace leaves it open, and can always refuse", () => {
  expect(proxy({}, { labels: { app: "a", [inject]: "true" } })).toBe("sidecar");
  expect(proxy({}, { labels: { app: "a", "istio.io/rev": "canary" } })).toBe("sidecar");
  expect(proxy(on, { labels: { app: "a", [inject]: "false" } })).toBe("none");
  // The webhook is not even called.
  expect(proxy({ "istio-injection": "disabled" }, { labels: { app: "a", [inject]: "true" } })).toBe("none");
});

test("a pod's annotation refuses only where it has no label, and never calls the webhook", () => {
  expect(proxy(on, { annotations: { [inject]: "false" } })).toBe("none");
  expect(proxy(on, { labels: { app: "a", [inject]: "true" }, annotations: { [inject]: "false" } })).toBe("sidecar");
  expect(proxy({}, { annotations: { [inject]: "true" } })).toBe("none");
});

test("another value of the label has no effect and is reported", () => {
  expect(proxy(on, { labels: { app: "a", [inject]: "disabled" } })).toBe("sidecar MESH4025");
});

test("nothing is injected on the host's network and in system namespaces", () => {
  expect(proxy(on, { spec: { hostNetwork: true } })).toBe("none");
  expect(proxy(on, { namespace: "kube-system" })).toBe("none");
});

test("a gateway is one by its template or by its arguments", () => {
  expect(proxy(on, { annotations: { "inject.istio.io/templates": "gateway" } })).toBe("gateway");
  expect(
    proxy({}, { spec: { containers: [{ name: "istio-proxy", args: ["proxy", "router", "--domain", "x"] }] } }),
  ).toBe("gateway");
  expect(proxy({}, { annotations: { "inject.istio.io/templates": "gateway" } })).toBe("gateway MESH4021");
});

test("a container that only adjusts the sidecar makes no gateway", () => {
  expect(proxy(on, { spec: { containers: [{ name: "app" }, { name: "istio-proxy", image: "auto" }] } })).toBe(
    "sidecar",
  );
});

test("what is already injected is seen, also as a sidecar of Kubernetes' own kind", () => {
  const injected = { name: "istio-proxy", args: ["proxy", "sidecar"] };
  expect(proxy({}, { spec: { containers: [{ name: "app" }, injected] } })).toBe("sidecar");
  expect(proxy({}, { spec: { initContainers: [{ ...injected, restartPolicy: "Always" }] } })).toBe("sidecar");
});

test("a proxyless template is no sidecar", () => {
  expect(proxy(on, { annotations: { "inject.istio.io/templates": "grpc-agent" } })).toBe("none MESH4020");
});

test("ambient workloads are refused, sidecars in an ambient namespace are not", () => {
  const ambient = { "istio.io/dataplane-mode": "ambient" };
  expect(proxy(ambient)).toBe(" MESH4017");
  expect(proxy({}, { labels: { app: "a", ...ambient } })).toBe(" MESH4017");
  expect(proxy(ambient, { labels: { app: "a", "istio.io/dataplane-mode": "none" } })).toBe("none");
  expect(proxy({ ...ambient, ...on })).toBe("sidecar");
});
