import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
} from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls, type ResourceType } from "../../targets/xds/resource.ts";
import { admin } from "./admin/admin.ts";
import { control, type Control } from "./control.ts";
import {
  authority as opened,
  identities,
  joined,
  joinServer,
  joinTokens,
  keyFolder,
  renewed,
  type Authority,
} from "./identity/index.ts";
import { folderSource } from "./source/folder-source.ts";

const example = join(import.meta.dirname, "../../policies/greeter");
const caller = "spiffe://cluster.local/ns/greeter/sa/caller";
const greeter = "spiffe://cluster.local/ns/greeter/sa/greeter";

/** A control plane for a copy of the example, with everything real but the Envoys. */
const running = async () => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-control-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(example, join(folder, "mesh"), { recursive: true });
  const authority = await opened({
    store: keyFolder(join(folder, "keys")),
    trustDomain: "cluster.local",
    create: true,
  });
  onTestFinished(authority.close);
  const replica = async (): Promise<Control> => {
    const held = identities({ authority });
    onTestFinished(held.close);
    const one = await control({
      source: folderSource(join(folder, "mesh"), { types: false }),
      authority,
      identities: held,
      listen: { address: "127.0.0.1", port: 0 },
      names: ["localhost"],
      accessLog: "none",
      log: () => undefined,
    });
    onTestFinished(() => one.close(0));
    await until(() => one.mesh() !== undefined);
    return one;
  };
  const greeterFile = join(folder, "mesh", "greeter", "greeter.ts");
  return {
    authority,
    replica,
    plane: await replica(),
    edit: (from: string, to: string) => writeFileSync(greeterFile, readFileSync(greeterFile, "utf8").replace(from, to)),
  };
};

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
};

const bytes = (buffer: Buffer): Buffer => buffer;

/** A delta client that has proved to be somebody, and says which proxy it is. */
const client = async (plane: Control, authority: Authority, identity: string, node: string) => {
  const own = await authority.issued(identity);
  const grpc = new Client(
    `localhost:${plane.port}`,
    credentials.createSsl(
      Buffer.from(authority.roots()),
      Buffer.from(own.privateKey),
      Buffer.from(own.certificateChain),
    ),
  );
  const stream: ClientDuplexStream<Buffer, Buffer> = grpc.makeBidiStreamRequest(
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    bytes,
    bytes,
  );
  const responses: DeltaDiscoveryResponse[] = [];
  const ended = new Promise<Error>((resolve) => stream.on("error", resolve));
  stream.on("data", (response: Buffer) => responses.push(fromBinary(DeltaDiscoveryResponseSchema, response)));
  onTestFinished(() => {
    stream.cancel();
    grpc.close();
  });
  const say = (message: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): void =>
    void stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, message))));
  return {
    ended,
    asks: (type: ResourceType, names: readonly string[]) =>
      say({ node: { id: node }, typeUrl: typeUrls[type], resourceNamesSubscribe: [...names] }),
    answered: ({ typeUrl, nonce }: DeltaDiscoveryResponse, refusal?: string) =>
      say({
        typeUrl,
        responseNonce: nonce,
        ...(refusal !== undefined && { errorDetail: { code: 3, message: refusal } }),
      }),
    /** The next response of a type, which it has not been given before. */
    next: async (type: ResourceType): Promise<DeltaDiscoveryResponse> => {
      const ofType = (): number => responses.findIndex(({ typeUrl }) => typeUrl === typeUrls[type]);
      await until(() => ofType() !== -1);
      return responses.splice(ofType(), 1)[0]!;
    },
  };
};

const versions = ({ resources }: DeltaDiscoveryResponse) =>
  resources.map(({ name, version }) => [name, version]).sort();

test("a change is pushed to whom it concerns, and a policy that does not compile to nobody", async () => {
  const { plane, authority, edit } = await running();
  const envoy = await client(plane, authority, caller, "greeter/caller/0");
  envoy.asks("routes", ["80"]);
  const first = await envoy.next("routes");
  envoy.answered(first);
  edit("v1: 90, v2: 10", "v1: 90, v2: 20");
  await until(() => plane.source().broken.length > 0);
  expect(plane.source()).toMatchObject({
    revision: 1,
    broken: [{ code: "MESH2001", at: expect.stringMatching(/^greeter\/greeter\.ts:\d+:\d+$/) as string }],
  });
  edit("v1: 90, v2: 20", "v1: 50, v2: 50");
  const second = await envoy.next("routes");
  expect(versions(second)).not.toEqual(versions(first));
  expect(plane.source()).toMatchObject({ revision: 2, broken: [] });
});

test("a refusal is kept with the line of the policy that made what was refused, and goes when it is mended", async () => {
  const { plane, authority, edit } = await running();
  const envoy = await client(plane, authority, caller, "greeter/caller/0");
  envoy.asks("routes", ["80"]);
  envoy.answered(await envoy.next("routes"), "Proto constraint validation failed (80)");
  await until(() => plane.refusals.all().some(({ at }) => at.length > 0));
  expect(plane.refusals.all()).toMatchObject([
    {
      client: "greeter/caller/0",
      type: "routes",
      resources: ["80"],
      message: "Proto constraint validation failed (80)",
      at: [expect.stringMatching(/^greeter\/greeter\.ts:\d+:\d+$/) as string],
    },
  ]);
  edit("v1: 90, v2: 10", "v1: 50, v2: 50");
  envoy.answered(await envoy.next("routes"));
  await until(() => plane.refusals.all().length === 0);
}, 30_000);

test("replicas that never talked give the same versions", async () => {
  const { plane, authority, replica } = await running();
  const other = await replica();
  const told = await Promise.all(
    [plane, other].map(async (one) => {
      const envoy = await client(one, authority, caller, "greeter/caller/0");
      envoy.asks("routes", ["80"]);
      return versions(await envoy.next("routes"));
    }),
  );
  expect(told[0]).toEqual(told[1]);
});

test("who proves to be somebody else learns nothing", async () => {
  const { plane, authority } = await running();
  for (const node of ["greeter/caller/0", "greeter/nobody/0", "nonsense", "../../x/0", "__proto__/constructor/0"]) {
    const envoy = await client(plane, authority, greeter, node);
    envoy.asks("cluster", ["*"]);
    expect((await envoy.ended).message).toMatch(/PERMISSION_DENIED/);
  }
});

test("a proxy gets its own key and nobody's else", async () => {
  const { plane, authority } = await running();
  const envoy = await client(plane, authority, caller, "greeter/caller/0");
  envoy.asks("secret", ["default", "ROOTCA", greeter]);
  const { resources, removedResources } = await envoy.next("secret");
  expect(resources.map(({ name }) => name).sort()).toEqual(["ROOTCA", "default"]);
  expect(removedResources).toEqual([greeter]);
});

const asked = (port: number, path: string, host = "localhost"): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path, headers: { host } }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject).end();
  });

test("the admin port answers, whatever it is asked, and shows no key", async () => {
  const { plane, authority } = await running();
  const shown = await admin(plane, { address: "127.0.0.1", port: 0, names: ["control.mesh.svc"] });
  onTestFinished(shown.close);
  const envoy = await client(plane, authority, caller, "greeter/caller/0");
  envoy.asks("secret", ["default"]);
  await envoy.next("secret");
  for (const path of ["/debug/clients/%", "/__proto__", "/debug/clients/greeter/nobody/0", "/constructor"])
    expect((await asked(shown.port, path)).status).toBeGreaterThanOrEqual(400);
  for (const host of ["evil.example:80", "intranet", "evil.svc", "192.0.2.1"])
    expect((await asked(shown.port, "/debug/clients", host)).status, host).toBe(421);
  for (const host of ["127.0.0.1", `control.mesh.svc:${shown.port}`])
    expect((await asked(shown.port, "/healthz", host)).status, host).toBe(200);
  const pages = await Promise.all(
    ["/healthz", "/readyz", "/metrics", "/debug/status", "/debug/clients", "/debug/clients/greeter/caller/0"].map(
      (path) => asked(shown.port, path),
    ),
  );
  expect(pages.map(({ status }) => status)).toEqual(pages.map(() => 200));
  expect(pages[2]?.body).toContain("meshwright_control_streams 1");
  expect(pages[5]?.body).toContain("outbound|80|v1|greeter.greeter.svc.cluster.local");
  expect(pages.map(({ body }) => body).join("")).not.toMatch(/PRIVATE KEY|inlineBytes|privateKey/);
});

test("who holds more connections of the admin port than there may be keeps no probe out", async () => {
  const { plane } = await running();
  const shown = await admin(plane, { address: "127.0.0.1", port: 0 });
  onTestFinished(shown.close);
  const sockets = Array.from({ length: 129 }, () => connect(shown.port, "127.0.0.1").resume());
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.any(sockets.map((socket) => once(socket, "close")));
  expect((await asked(shown.port, "/healthz")).status).toBe(200);
  // One for the last of them, and one for the probe: whoever is silent for long is ended in any case, but all are then.
  await expect.poll(() => sockets.filter(({ closed }) => closed).length).toBe(2);
});

test("metrics say what was issued, to whom it was not, and how long a change took", async () => {
  const { plane, authority, edit } = await running();
  const folder = mkdtempSync(join(tmpdir(), "meshwright-control-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const tokens = joinTokens({ folder: join(folder, "tokens"), refusalMs: 0 });
  const joins = await joinServer({ authority, tokens, names: ["127.0.0.1"], host: "127.0.0.1" });
  onTestFinished(joins.close);
  const shown = await admin(plane, { address: "127.0.0.1", port: 0 }, joins);
  onTestFinished(shown.close);
  const token = await tokens.created({ workload: "greeter/caller", identity: caller, ttlMs: 60_000 });
  const machine = {
    server: `https://127.0.0.1:${joins.port}`,
    roots: authority.roots(),
    workload: "greeter/caller",
    folder: join(folder, "machine"),
  };
  const answers = [await joined({ ...machine, token }), await joined({ ...machine, token }), await renewed(machine)];
  expect(answers.map(({ kind }) => kind)).toEqual(["joined", "refused", "joined"]);
  await expect(authority.issued("spiffe://other.test/a")).rejects.toThrow("trust domain");

  const envoy = await client(plane, authority, caller, "greeter/caller/0");
  envoy.asks("routes", ["80"]);
  envoy.answered(await envoy.next("routes"));
  edit("v1: 90, v2: 10", "v1: 50, v2: 50");
  envoy.answered(await envoy.next("routes"));
  await until(() => plane.ads.metrics().convergence.count === 1);
  const stranger = await client(plane, authority, greeter, "greeter/caller/0");
  stranger.asks("cluster", ["*"]);
  await stranger.ended;
  const lines = (await asked(shown.port, "/metrics")).body.split("\n");
  // Those of the two clients, and the one that is served.
  for (const line of [
    'meshwright_control_certificates_issued_total{holder="proxy"} 3',
    'meshwright_control_certificates_issued_total{holder="machine"} 2',
    'meshwright_control_certificates_issued_total{holder="control"} 2',
    'meshwright_control_certificates_failed_total{holder="proxy"} 1',
    'meshwright_control_machines_admitted_total{how="joined"} 1',
    'meshwright_control_machines_admitted_total{how="renewed"} 1',
    'meshwright_control_identities_refused_total{why="unproved"} 1',
    'meshwright_control_identities_refused_total{why="too often"} 0',
    "# TYPE meshwright_control_convergence_seconds histogram",
    'meshwright_control_convergence_seconds_bucket{le="+Inf"} 1',
    "meshwright_control_convergence_seconds_count 1",
    "meshwright_control_clients_synced 1",
    'meshwright_control_admissions_refused_total{why="not entitled"} 1',
  ])
    expect(lines).toContain(line);
});
