import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { podAccess } from "./access.ts";
import { clusterAccess } from "./kubeconfig.ts";
import { plainKubeconfig } from "./plain-kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "meshwright-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kubeconfig = (
  user: string,
  { cluster = "", context = "current", server = "https://10.0.0.1:6443/k8s" } = {},
): string => {
  const file = join(folder, "config");
  writeFileSync(
    file,
    `apiVersion: v1
kind: Config
current-context: ${context}
clusters: [{ name: c, cluster: { server: "${server}", certificate-authority-data: ${btoa("authority")}${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts:
  - { name: current, context: { cluster: c, user: u, namespace: shop } }
  - { name: broken, context: { cluster: c, user: nobody } }
`,
  );
  return file;
};
const refusedBy = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "it was taken",
    (error: unknown) => (error instanceof Error ? `${error.message}${JSON.stringify(error.cause) ?? ""}` : ""),
  );

test("a kubeconfig says where, as whom, and in which namespace", async () => {
  const access = await clusterAccess({
    file: kubeconfig(`token: abc, client-certificate-data: ${btoa("cert")}, client-key-data: ${btoa("key")}`),
  });
  expect([access.server.href, access.namespace]).toEqual(["https://10.0.0.1:6443/k8s", "shop"]);
  expect(await access.credentials()).toEqual({
    headers: { authorization: "Bearer abc" },
    tls: { ca: "authority", cert: "cert", key: "key" },
  });
});

test("what is plain is read as the library reads it, and without it", async () => {
  const secret = `token: "123", client-certificate-data: ${btoa("cert")}, client-key-data: ${btoa("key")}`;
  for (const [user, cluster] of [
    [secret, ", tls-server-name: api.test, disable-compression: true"],
    ["token: abc", ", extensions: [{ name: minikube }]"],
    ["token: abc", ""],
  ] as const) {
    const plain = await plainKubeconfig(kubeconfig(user, { cluster }), undefined);
    // Impersonation by nobody changes nothing, and is the library's to read.
    const whole = await clusterAccess({ file: kubeconfig(`${user}, as-uid: ""`, { cluster }) });
    expect(plain).toBeDefined();
    expect([plain?.server, plain?.namespace, await plain?.credentials()]).toEqual([
      whole.server,
      whole.namespace,
      await whole.credentials(),
    ]);
  }
});

test("what is not plain is left to the library", async () => {
  for (const [user, more] of [
    ["exec: { command: plugin }", {}],
    ["username: a, password: b", {}],
    ["tokenFile: token", {}],
    ["token: abc, as: somebody", {}],
    ["token: abc", { cluster: ", insecure-skip-tls-verify: true" }],
    ["token: abc", { cluster: ", proxy-url: http://proxy.test" }],
    ["token: abc", { cluster: ", certificate-authority: ca.crt" }],
    ["token: abc", { server: "http://10.0.0.1" }],
    ["token: abc", { context: "broken" }],
    ["token: abc", { context: "none" }],
  ] as const)
    expect(await plainKubeconfig(kubeconfig(user, more), undefined), user).toBeUndefined();
  expect(await plainKubeconfig(join(folder, "absent"), undefined)).toBeUndefined();
});

test("a proxy, another name of the server and a password are taken along", async () => {
  const cluster = ", proxy-url: http://proxy.test:3128, tls-server-name: api.test";
  const access = await clusterAccess({ file: kubeconfig("username: a, password: b", { cluster }) });
  expect(await access.credentials()).toEqual({
    headers: { authorization: `Basic ${btoa("a:b")}` },
    tls: { ca: "authority", servername: "api.test" },
    proxy: "http://proxy.test:3128",
  });
});

test("a token file lies beside the kubeconfig that names it", async () => {
  writeFileSync(join(folder, "token"), "from-a-file\n");
  const access = await clusterAccess({ file: kubeconfig("tokenFile: token") });
  expect((await access.credentials()).headers).toEqual({ authorization: "Bearer from-a-file" });
});

test("a credential plugin is asked again when its credential is refused", async () => {
  const file = join(folder, "credential");
  const plugin = join(folder, "plugin.mjs");
  const gives = (token: string): void =>
    writeFileSync(file, JSON.stringify({ kind: "ExecCredential", status: { token } }));
  writeFileSync(
    plugin,
    `import { readFileSync } from "node:fs"; process.stdout.write(readFileSync(${JSON.stringify(file)}, "utf8"));`,
  );
  gives("first");
  const access = await clusterAccess({
    file: kubeconfig(
      `exec: { apiVersion: client.authentication.k8s.io/v1, command: "${process.execPath}", args: ["${plugin}"] }`,
    ),
  });
  expect((await access.credentials()).headers).toEqual({ authorization: "Bearer first" });
  gives("second");
  expect((await access.credentials()).headers).toEqual({ authorization: "Bearer first" });
  expect((await access.credentials({ fresh: true })).headers).toEqual({ authorization: "Bearer second" });
  writeFileSync(file, '{"status": {"token": "half-a-secret');
  expect(await refusedBy(access.credentials({ fresh: true }))).toMatch(/gave no credential; run it by hand/);
  expect(await refusedBy(access.credentials({ fresh: true }))).not.toContain("half-a-secret");
});

test("what cannot be used is said: no file, no YAML, no context, no plugin, a slow plugin, plain HTTP, a SOCKS proxy", async () => {
  const with_ = (file: string, more: object = {}): Promise<string> =>
    refusedBy(clusterAccess({ file, ...more }).then((access) => access.credentials()));
  expect(await with_(join(folder, "absent"))).toMatch(/kubeconfig .*absent cannot be read: no such folder or file/);
  const nonsense = join(folder, "nonsense");
  writeFileSync(nonsense, "token: [secret-secret\n");
  expect(await with_(nonsense)).toMatch(/nonsense is not one that Kubernetes' tools would read$/);
  expect(await with_(kubeconfig("token: a"), { context: "broken" })).toMatch(
    /the context `broken` does not name a cluster and a user/,
  );
  expect(await with_(kubeconfig("exec: { command: no-such-plugin-anywhere }"))).toMatch(
    /`no-such-plugin-anywhere` is not installed/,
  );
  const slow = `exec: { command: "${process.execPath}", args: ["-e", "setTimeout(() => {}, 2000)"] }`;
  expect(await with_(kubeconfig(slow), { timeoutMs: 50 })).toMatch(/did not answer within 0.05 s/);
  expect(await with_(kubeconfig("token: a", { server: "http://10.0.0.1" }))).toMatch(/plain HTTP/);
  expect(await with_(kubeconfig("token: a", { cluster: ", proxy-url: socks5://10.0.0.1" }))).toMatch(/SOCKS proxy/);
});

test("a pod's files are read each time", async () => {
  writeFileSync(join(folder, "ca.crt"), "authority\n");
  writeFileSync(join(folder, "token"), "one\n");
  writeFileSync(join(folder, "namespace"), "mesh");
  const access = await podAccess(folder, { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" });
  expect([access?.server.host, access?.namespace]).toEqual(["[fd00::1]", "mesh"]);
  expect(await access?.credentials()).toEqual({ headers: { authorization: "Bearer one" }, tls: { ca: "authority" } });
  writeFileSync(join(folder, "token"), "two\n");
  expect((await access?.credentials())?.headers).toEqual({ authorization: "Bearer two" });
  expect(await podAccess(folder, {})).toBeUndefined();
});
