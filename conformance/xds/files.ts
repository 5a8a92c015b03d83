import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { written } from "../../cli/build/output.ts";
import { compile } from "../../compiler/pipeline.ts";
import type { Placement } from "../../lib/graph/placement.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { authority, keyFolder } from "../../runtime/control/identity/index.ts";
import { writtenIdentity } from "../../runtime/control/identity/join/files.ts";
import { xds } from "../../targets/xds/index.ts";
import { install } from "../rig/install.ts";
import { child, eventually, type Child } from "../rig/process.ts";
import type { Verdicts } from "../suite.ts";
import { freePort } from "../rig/free-port.ts";

const example = join(import.meta.dirname, "..", "..", "policies", "greeter");

/**
 * `build --target xds` without any control plane: what it writes is valid, Envoys on this machine start with it and take
 * what is written over it, with mTLS between ports that nothing captures.
 */
export const builtFiles = async (verdicts: Verdicts): Promise<void> => {
  const { value } = await compile(example);
  if (value === undefined) return verdicts.fail("policies/greeter", "does not compile");
  const { envoy: binary } = await install();
  const folder = mkdtempSync(join(tmpdir(), "meshwright-built-"));
  const stopping: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const [entry, ...ports] = await Promise.all(Array.from({ length: 5 }, freePort));
    const [proxy1, proxy2, application1, application2] = ports;
    const placement: Placement = {
      addresses: {},
      instances: {
        "greeter/caller": [{ address: "127.0.0.1", loopback: { applications: {}, services: { 80: entry! } } }],
        "greeter/greeter-v1": [placed(proxy1!, application1!)],
        "greeter/greeter-v2": [placed(proxy2!, application2!)],
      },
    };
    for (const [port, name] of [
      [application1!, "v1"],
      [application2!, "v2"],
    ] as const)
      stopping.push(closing(await application(port, name)));
    const out = join(folder, "out");
    const build = (mesh: Mesh): Promise<string | undefined> =>
      written(out, xds.files(xds.emit(mesh, placement)), "updated");
    if (await build(value.mesh)) return verdicts.fail("build --target xds", "writes nothing");

    const root = await authority({
      store: keyFolder(join(folder, "keys")),
      trustDomain: value.platform.trustDomain,
      create: true,
    });
    stopping.push(root.close);
    const envoys: Child[] = [];
    for (const { id, identity } of value.mesh.workloads) {
      const own = join(out, "xds", id, "0");
      const { certificateChain, privateKey } = await root.issued(identity);
      await writtenIdentity(join(own, "identity"), {
        certificateChain,
        privateKey: () => privateKey,
        roots: root.roots(),
      });
      const validated = spawnSync(binary, ["--mode", "validate", "-c", "bootstrap.json"], {
        cwd: own,
        encoding: "utf8",
      });
      if (validated.status === 0) verdicts.pass(`files of ${id}: envoy --mode validate`);
      else verdicts.fail(`files of ${id}: envoy --mode validate`, validated.stderr.slice(-500));
      const started = child(folder, id.replace("/", "."), [
        "sh",
        "-c",
        `cd ${own} && exec ${binary} -c bootstrap.json --use-dynamic-base-id --concurrency 1 --log-level warning`,
      ]);
      envoys.push(started);
      stopping.push(() => void started.stop(0));
    }
    const answered = async (): Promise<true | undefined> => {
      for (let index = 0; index < 50; index += 1) if ((await call(entry!)).status !== 200) return undefined;
      return true;
    };
    await eventually("calls go through to both", answered, { needs: envoys });
    await shares(verdicts, "files: the split as written", entry!, [0.02, 0.25]);
    const posted = await call(entry!, "POST");
    if (posted.status === 403) verdicts.pass("files: what no policy allows is answered 403");
    else verdicts.fail("files: what no policy allows", `${posted.status}`);
    const plain = await call(proxy1!).catch(() => ({ status: 0 }));
    if (plain.status === 0) verdicts.pass("files: plain text is refused where mTLS is strict");
    else verdicts.fail("files: plain text where mTLS is strict", `${plain.status}`);

    writeFileSync(join(out, "stranger"), "somebody else's");
    const refused = await build(value.mesh);
    if (refused?.includes("stranger")) verdicts.pass("files: a folder in which somebody else wrote is left alone");
    else verdicts.fail("files: a folder in which somebody else wrote", refused ?? "was written");
    rmSync(join(out, "stranger"));
    await build(shifted(value.mesh));
    await sleep(500);
    await shares(verdicts, "files: a split that was written over the other", entry!, [0.75, 0.98]);
  } finally {
    for (const stop of stopping.reverse()) stop();
  }
};

const placed = (proxy: number, application: number): Placement["instances"][string][number] => ({
  address: "127.0.0.1",
  ports: { 8080: proxy },
  loopback: { applications: { 8080: application }, services: {} },
});

/** Nine of ten calls to v2 instead of one. */
const shifted = (mesh: Mesh): Mesh => {
  const greeter = lookup(mesh).destination("greeter.greeter.svc.cluster.local");
  const swapped = JSON.parse(
    JSON.stringify(greeter)
      .replaceAll('"subset":"v1"', '"subset":"v0"')
      .replaceAll('"subset":"v2"', '"subset":"v1"')
      .replaceAll('"subset":"v0"', '"subset":"v2"'),
  ) as Mesh["destinations"][number];
  return { ...mesh, destinations: mesh.destinations.map((one) => (one === greeter ? swapped : one)) };
};

/** Two hundred calls: bounds that a true share of a tenth, or nine, misses once in a million runs. */
const shares = async (
  verdicts: Verdicts,
  what: string,
  port: number,
  [least, most]: readonly [number, number],
): Promise<void> => {
  const answers: string[] = [];
  for (let index = 0; index < 200; index += 1) answers.push((await call(port)).body);
  const second = answers.filter((body) => body === "v2").length / answers.length;
  const known = answers.every((body) => body === "v1" || body === "v2");
  if (known && second >= least && second <= most) verdicts.pass(`${what}: ${second * 100} % reach v2`);
  else verdicts.fail(what, `${second * 100} % reach v2${known ? "" : ", and some nobody"}`);
};

const call = (port: number, method = "GET"): Promise<{ readonly status: number; readonly body: string }> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, method, headers: { host: "greeter" }, agent: false, timeout: 5000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    }).on("error", reject);
  });

const application = (port: number, name: string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((_, response) => response.end(name));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });

const closing = (server: Server) => (): void => {
  server.close();
  server.closeAllConnections();
};
