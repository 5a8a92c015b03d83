import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { knownOnlyToIstiod, plainMeshConfig } from "./istiod/control-plane.ts";
import { istiod, type Istiod } from "./istiod/istiod.ts";
import { rigRequirements } from "./requirements.ts";
import { rig, type Rig } from "./rig.ts";
import {
  networking,
  noMtls,
  object,
  request,
  service,
  shop,
  startPods,
  statusOf,
  workloadOf,
} from "./selftest-mesh.ts";

/** Proves that the rig itself is the real thing, before anything is held against it: run it after touching the rig. */
const missing = rigRequirements();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
  process.exit(process.env["CI"] ? 1 : 0);
}

let [passed, failed] = [0, 0];
const check = (what: string, holds: boolean, seen: unknown): void => {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds ? "" : `: ${JSON.stringify(seen)}`}`);
};

const plainTraffic = async (mesh: Rig<Istiod>): Promise<void> => {
  const pods = await startPods(mesh);
  const { client, v1, v2, ingress, outside, payments } = pods;
  mesh.setHosts({ "api.payments.example": payments.address });
  await mesh.plane.apply([noMtls, ...shop]);
  console.log(`     settled in ${await mesh.settle()} ms`);

  const [plain, jason, denied, admin, external] = await client.send([
    request("reviews.shop", "/0"),
    request("reviews.shop", "/0", [["end-user", "jason"]]),
    request("reviews.shop", "/admin/keys"),
    request("reviews.shop", "/api/../admin"),
    request("api.payments.example", "/charge?n=1"),
  ]);
  check("a route without a match goes to v1", workloadOf(plain) === v1.pod, plain);
  check("a header match goes to v2", workloadOf(jason) === v2.pod, jason);
  check(
    "a denied path gets 403 from the callee's Envoy",
    statusOf(denied) === 403 && workloadOf(denied) === undefined,
    denied,
  );
  check("a path is normalised before it is judged", statusOf(admin) === 403, admin);
  check(
    "an external HTTPS service is called in plain HTTP, and Envoy originates TLS",
    workloadOf(external) === payments.pod,
    external,
  );
  const [tcp] = await client.sendTcp([
    {
      to:
        (await mesh.plane.kube
          .get("v1", "Service", "shop", "reviews")
          .then((found) => (found?.spec as { clusterIP: string } | undefined)?.clusterIP)) ?? "",
      port: 9000,
      data: "hello\n",
    },
  ]);
  check("a tcp port answers through both Envoys", tcp?.kind === "data" && tcp.data.startsWith("shop/reviews-v"), tcp);
  const [out, into] = [await client.captured(), await v1.captured()];
  check("iptables turned the caller's connections over to its Envoy", out.outbound > 0, out);
  check("iptables turned the callee's connections over to its Envoy", into.inbound > 0, into);

  const [through, elsewhere] = await outside.send([
    { ...request("shop.example", "/reviews/1"), to: ingress.address, port: 8080 },
    { ...request("shop.example", "/other"), to: ingress.address, port: 8080 },
  ]);
  check("the gateway routes", workloadOf(through) === v2.pod, through);
  check("the gateway answers 404 where no route leads", statusOf(elsewhere) === 404, elsewhere);

  const headers = [
    ["x-served", "a"],
    ["x-served", "b"],
  ] as const;
  const [once, reset, never] = await client.send([
    request("reviews.shop", "/tried", [
      ["x-rig-id", "once"],
      ["x-rig-plan", JSON.stringify({ fail: { times: 1, status: 503 }, headers })],
    ]),
    request("reviews.shop", "/tried", [
      ["x-rig-id", "twice"],
      ["x-rig-plan", JSON.stringify({ fail: { times: 2, status: "reset" } })],
    ]),
    request("reviews.shop", "/tried", [
      ["x-rig-id", "never"],
      ["x-rig-plan", JSON.stringify({ fail: { times: 9, status: 500 } })],
    ]),
  ]);
  check(
    "a retry is seen as a second attempt",
    once?.kind === "response" && once.status === 200 && once.echo?.attempt === 2,
    once,
  );
  check(
    "a broken connection is retried too",
    reset?.kind === "response" && reset.status === 200 && reset.echo?.attempt === 3,
    reset,
  );
  const attempts = await v1.attempts();
  check("retries end, and the pod has counted them", statusOf(never) === 500 && attempts["never"] === 3, {
    never,
    attempts,
  });
  check(
    "a planned response header arrives as often as it was planned",
    once?.kind === "response" && once.headers.filter(([name]) => name === "x-served").length === 2,
    once,
  );
  const [odd] = await client.send([
    {
      ...request(
        "reviews.shop",
        "/a%2Fb/?q=%zz",
        [
          ["x-twice", "1"],
          ["X-Twice", "2"],
        ],
        { method: "PURGE", body: "body" },
      ),
    },
  ]);
  check(
    "an odd method, target, duplicate header and body arrive",
    odd?.kind === "response" &&
      odd.echo?.method === "PURGE" &&
      odd.echo.target === "/a%2Fb/?q=%zz" &&
      odd.echo.bodyLength === 4,
    odd,
  );
  const [nowhere] = await outside.send([{ ...request("nowhere", "/"), to: "10.250.0.1" }]);
  check("an address that nobody has is refused at once", nowhere?.kind === "error" && nowhere.ms < 1000, nowhere);
  const [late] = await client.send([
    request("reviews.shop", "/0", [["x-rig-plan", JSON.stringify({ delayMs: 3000 })]], { timeoutMs: 300 }),
  ]);
  check("a client does not wait for ever", late?.kind === "error" && late.ms < 1000, late);

  const many = await client.send(Array.from({ length: 2000 }, () => request("reviews.shop", "/0")));
  check(
    "2,000 requests are all answered",
    many.every((one) => workloadOf(one) === v1.pod),
    many.find((one) => workloadOf(one) !== v1.pod),
  );

  await mesh.plane.kube
    .refusalOf(knownOnlyToIstiod)
    .then((refusal) =>
      check(
        "istiod's webhook refuses what only it can know",
        refusal?.message.includes("total destination weight = 0") === true,
        refusal,
      ),
    );
  const unknownField = await mesh.plane.kube.refusalOf(
    networking("VirtualService", "typo", { hosts: ["a.example"], htpp: [] }),
  );
  check("an unknown field is refused", unknownField !== undefined, unknownField);
  const analysis = await mesh.plane.istioctl(["analyze", "--all-namespaces", "-o", "json"]);
  check("istioctl reaches the cluster", analysis.output.includes("IST0") || analysis.output.trim() === "[]", analysis);

  await updates(mesh, pods);
};

/** Running Envoys follow a change by the time settle returns: every iteration flips a route and asks at once. */
const updates = async (
  mesh: Rig<Istiod>,
  { client, v1, v2, impostor, ingress, payments }: Awaited<ReturnType<typeof startPods>>,
): Promise<void> => {
  const wrong: unknown[] = [];
  const times: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const [subset, pod, verb] = round % 2 === 0 ? ["v2", v2.pod, "ALLOW"] : ["v1", v1.pod, "DENY"];
    await mesh.plane.apply([
      networking("VirtualService", "reviews", {
        hosts: ["reviews.shop.svc.cluster.local"],
        http: [{ route: [{ destination: { host: "reviews.shop.svc.cluster.local", subset } }] }],
      }),
      object("security.istio.io/v1", "AuthorizationPolicy", "shop", "reviews", {
        selector: { matchLabels: { app: "reviews" } },
        action: verb,
        rules: [{ to: [{ operation: { paths: ["/only"] } }] }],
      }),
    ]);
    times.push(await mesh.settle());
    const answers = await client.send([
      ...Array.from({ length: 30 }, () => request("reviews.shop", "/0")),
      ...Array.from({ length: 30 }, () => request("reviews.shop", "/only")),
    ]);
    const allowed = (target: string): boolean => (target === "/only") === (verb === "ALLOW");
    answers.forEach((answer, index) => {
      const right = allowed(index < 30 ? "/0" : "/only") ? workloadOf(answer) === pod : statusOf(answer) === 403;
      if (!right) wrong.push({ round, index, answer });
    });
  }
  check(
    `ten updates of running Envoys are in force when settle returns (${times.join(", ")} ms)`,
    wrong.length === 0,
    wrong.slice(0, 2),
  );

  await mesh.plane.delete([
    networking("VirtualService", "reviews", {}),
    object("security.istio.io/v1", "AuthorizationPolicy", "shop", "reviews", {}),
  ]);
  await v1.stop();
  await mesh.settle();
  const [left] = await client.send([request("reviews.shop", "/only")]);
  check("a stopped pod is out of every Envoy's endpoints", workloadOf(left) === v2.pod, left);

  mesh.setHosts({ "api.payments.example": impostor.address });
  await mesh.plane.delete([networking("ServiceEntry", "payments", {})]);
  await mesh.settle();
  await mesh.plane.apply(shop.filter(({ metadata, kind }) => metadata.name === "payments" && kind === "ServiceEntry"));
  await mesh.settle();
  const [forged] = await client.send([request("api.payments.example", "/charge")]);
  check(
    "Envoy refuses a certificate for another name",
    statusOf(forged) === 503 && workloadOf(forged) === undefined,
    forged,
  );
  await Promise.all([payments.stop(), impostor.stop(), ingress.stop()]);

  await mesh.plane.clear();
  await mesh.settle();
  const [cleared] = await client.send([request("reviews.shop", "/0")]);
  check("a cleared mesh knows no host", workloadOf(cleared) === undefined, cleared);
};

const mutualTls = async (mesh: Rig<Istiod>): Promise<void> => {
  const { client, v2, outside } = await startPods(mesh);
  await mesh.plane.apply([
    object("security.istio.io/v1", "PeerAuthentication", "istio-system", "default", { mtls: { mode: "STRICT" } }),
    service("reviews", { app: "reviews", version: "v2" }, [{ name: "http", port: 80, targetPort: 9080 }]),
    object("security.istio.io/v1", "AuthorizationPolicy", "shop", "reviews", {
      action: "ALLOW",
      rules: [{ from: [{ source: { principals: ["cluster.local/ns/shop/sa/default"] } }] }],
    }),
  ]);
  await mesh.settle();
  const [secured] = await client.send([request("reviews.shop", "/0")]);
  check("strict mTLS carries the caller's identity", workloadOf(secured) === v2.pod, secured);
  const [plain] = await outside.send([{ ...request("reviews.shop", "/0"), to: v2.address, port: 9080 }]);
  check("strict mTLS refuses plain text", plain?.kind === "error", plain);
};

/** The processes whose command line answers to this, and the network namespaces in which they are. */
const processes = (
  pattern: (commandLine: string, namespace: string) => boolean,
): readonly { readonly pid: string; readonly namespace: string }[] =>
  readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/net`);
      return pattern(readFileSync(`/proc/${pid}/cmdline`, "utf8"), namespace) ? [{ pid, namespace }] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });

const timed = async (name: string, meshConfig: string, tests: (mesh: Rig<Istiod>) => Promise<void>): Promise<void> => {
  console.log(`${name}:`);
  const start = performance.now();
  const mesh = await rig(istiod({ meshConfig }));
  console.log(`     control plane up in ${Math.round(performance.now() - start)} ms, logs in ${mesh.directory}`);
  try {
    await tests(mesh);
  } finally {
    const ours = processes((commandLine) => commandLine.includes(mesh.directory));
    const own = readlinkSync("/proc/self/ns/net");
    const namespaces = new Set(ours.map(({ namespace }) => namespace).filter((namespace) => namespace !== own));
    const stopping = performance.now();
    await mesh.stop();
    console.log(
      `     stopped in ${Math.round(performance.now() - stopping)} ms, ${Math.round(performance.now() - start)} ms in all`,
    );
    const left = processes(
      (commandLine, namespace) => commandLine.includes(mesh.directory) || namespaces.has(namespace),
    );
    check(
      `stop leaves none of ${ours.length} processes and ${namespaces.size} network namespaces`,
      ours.length > 3 && namespaces.size > 1 && left.length === 0,
      left,
    );
  }
};

await timed("plain text", plainMeshConfig, plainTraffic);
await timed("automatic mTLS", plainMeshConfig.replace("enableAutoMtls: false", "enableAutoMtls: true"), mutualTls);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
