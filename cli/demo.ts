/**
 * `npm run demo`: a whole mesh on this machine, for half a minute. Requests go through it all the time; a line of a policy
 * changes, and they go elsewhere. With `--page` a browser can watch, and it goes on until Ctrl-C.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasColour, report } from "./diagnostics.ts";
import { askedToEnd } from "./up/asked-to-end.ts";
import { up } from "./up/up.ts";

const policies = join(import.meta.dirname, "..", "policies", "bookinfo");
const shown = relative(process.cwd(), policies) || ".";
const say = (text: string): void => console.log(text);
const isWatched = process.argv.includes("--page");

say(`The mesh is ${shown}: Istio's Bookinfo, with its policies as TypeScript.`);
say(`\n$ mesh-compile check --mesh ${shown}`);
const { status } = spawnSync(
  process.execPath,
  [join(import.meta.dirname, "mesh-compile.ts"), "check", "--mesh", policies],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);

const ending = askedToEnd();
const scratch = mkdtempSync(join(tmpdir(), "meshwright-demo-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
const folder = join(scratch, "bookinfo");
cpSync(policies, folder, { recursive: true });
cpSync(join(policies, "..", "services"), join(scratch, "services"), { recursive: true });
// Whatever runs on the port that the mesh itself has for its gateway must not stop a demonstration.
writeFileSync(
  join(folder, "mesh.local.yaml"),
  readFileSync(join(policies, "mesh.local.yaml"), "utf8").replace(/gateways:[\s\S]*/, ""),
);

/** Of one second: how many answers each version of reviews had a part in. */
interface Second {
  readonly versions: Map<string, number>;
  failed: number;
}

const requestsPerSecond = 100;

const loaded = (
  address: string,
): { readonly second: () => Second; readonly stop: () => { readonly requests: number; readonly failed: number } } => {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let current: Second = { versions: new Map(), failed: 0 };
  let [requests, failures] = [0, 0];
  const failed = (): void => {
    current.failed += 1;
    failures += 1;
  };
  const timer = setInterval(() => {
    requests += 1;
    get(`${address}/productpage`, { agent, headers: { host: "bookinfo.example.com" } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("error", failed);
      response.on("end", () => {
        const version = versionIn(text);
        if (response.statusCode !== 200 || version === undefined) return failed();
        current.versions.set(version, (current.versions.get(version) ?? 0) + 1);
      });
    }).on("error", failed);
  }, 1000 / requestsPerSecond);
  return {
    second: () => {
      const last = current;
      current = { versions: new Map(), failed: 0 };
      return last;
    },
    stop: () => {
      clearInterval(timer);
      agent.destroy();
      return { requests, failed: failures };
    },
  };
};

const versionIn = (text: string): string | undefined => {
  try {
    return (JSON.parse(text) as { readonly reviews?: { readonly version?: string } }).reviews?.version;
  } catch {
    return undefined;
  }
};

const line = ({ versions, failed }: Second): string => {
  const total = [...versions.values()].reduce((sum, count) => sum + count, 0);
  const parts = ["v1", "v2", "v3"].map((version) => {
    const share = total === 0 ? 0 : (versions.get(version) ?? 0) / total;
    return `${version} ${"█".repeat(Math.round(share * 20)).padEnd(20, "░")} ${String(Math.round(share * 100)).padStart(3)} %`;
  });
  return `  reviews  ${parts.join("   ")}   ${total} answered, ${failed} failed`;
};

say(`\n$ mesh-compile up --mesh ${shown}`);
const running = await up({
  folder,
  shownAs: shown,
  ports: 21_000,
  say,
  wrong: (diagnostics, spans) => report(diagnostics, { format: "text", locate: () => Promise.resolve(spans) }),
  colour: hasColour(process.stdout),
  ...(isWatched && { page: { address: "127.0.0.1", port: 0 } }),
  signal: ending,
});
const ended = async (code: number): Promise<never> => {
  await running?.stop();
  process.exit(code);
};
const [entry] = running?.mesh.entries() ?? [];
if (ending.aborted) await ended(130);
if (running === undefined || entry === undefined) await ended(1);
ending.addEventListener("abort", () => void ended(130));

say(`\n${requestsPerSecond} requests a second go to the gateway, and on through productpage to reviews:`);
const load = loaded(`http://${entry?.address}`);
await sleep(1000);
load.second();
const watched = async (seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    await sleep(1000);
    say(line(load.second()));
  }
};
await watched(4);
const edited = join(folder, "bookinfo", "reviews.ts");
say(`\n$ sed -i 's/default: 50/default: 90/' ${join(shown, "bookinfo", "reviews.ts")}\n`);
writeFileSync(edited, readFileSync(edited, "utf8").replace("default: 50", "default: 90"));
await watched(6);
if (isWatched) {
  say("\nRequests go on until Ctrl-C.");
  await new Promise(() => undefined);
}
const { requests, failed } = load.stop();
say(
  `\n${requests} requests, ${failed} failed. Over mTLS between all of them, by a proxy for each: nothing was installed.`,
);
say(`Next: npx node cli/mesh-compile.ts up --mesh ${shown}, edit a policy, and see.`);
await ended(failed === 0 ? 0 : 1);
