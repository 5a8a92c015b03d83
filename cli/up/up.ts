import { dirname, extname, join } from "node:path";
import { realpathSync } from "node:fs";
import { meshChanges } from "../../compiler/diff/index.ts";
import { spansOf } from "../../compiler/pipeline.ts";
import { diffText } from "../../compiler/preview/diff/text.ts";
import type { Compiled } from "../../compiler/resolved.ts";
import { readLocal } from "../../compiler/snapshot/read-local.ts";
import { failed, type Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import { native } from "../../targets/native/index.ts";
import { xds } from "../../targets/xds/index.ts";
import { followedFolder } from "../../runtime/control/source/followed-folder.ts";
import { localMesh, type RunningMesh } from "../../runtime/local/local-mesh.ts";
import { envoy } from "../../runtime/local/proxies/envoy.ts";
import { meshProxy } from "../../runtime/local/proxies/mesh-proxy.ts";
import { spansFor } from "../diagnostics.ts";
import { diagnosticsText } from "../diagnostics/text.ts";
import { shownDiff } from "../diff/shown.ts";
import { unavailable } from "../unavailable.ts";
import { livePage, type LivePage } from "./page/live-page.ts";

export interface UpOptions {
  readonly folder: string;
  /** What the folder is called where commands and lines of it are shown; its path where it is absent. */
  readonly shownAs?: string;
  readonly environment?: string;
  /** What carries the traffic: our own proxies, or an Envoy by its path. */
  readonly proxies?: { readonly envoy: string };
  /** The first port that is tried. */
  readonly ports: number;
  readonly say: (text: string) => void;
  readonly wrong: (diagnostics: readonly Diagnostic[], spans: ReadonlyMap<Origin, Span>) => Promise<void>;
  readonly colour: boolean;
  /** Where a browser sees the mesh, if anybody wants that: an address of this machine alone. */
  readonly page?: { readonly address: string; readonly port: number };
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

export interface Up {
  readonly mesh: RunningMesh;
  readonly stop: () => Promise<void>;
}

/** A program of ours that lies beside the one that runs, in the form that this one has. */
const beside = (name: string): readonly [string, string] => {
  const own = realpathSync(process.argv[1] ?? "");
  return [process.execPath, join(dirname(own), `${name}${extname(own)}`)];
};

/** The whole mesh on this machine, following its folder. Undefined where it does not run, or is to end before it does. */
export const up = async ({
  folder,
  shownAs = folder,
  environment,
  proxies,
  ports,
  say,
  wrong,
  colour,
  page: pageAt,
  signal,
}: UpOptions): Promise<Up | undefined> => {
  const options = { types: false, ...(environment !== undefined && { environment }) };
  const target = proxies === undefined ? native : xds;
  const mesh = await localMesh({
    folder,
    proxies: proxies === undefined ? meshProxy(beside("mesh-proxy")) : envoy(proxies.envoy),
    portsFrom: ports,
    spansOf: (origins) => spansOf(folder, options, origins),
    told: {
      line: (workload, text) => say(`[${workload}] ${text}`),
      ended: (what, how) => say(`${what} ended: ${how}`),
    },
  });
  let page: LivePage | undefined;
  if (pageAt !== undefined) {
    try {
      page = await livePage({
        ...pageAt,
        folder,
        ...(environment !== undefined && { environment }),
        running: mesh,
      });
    } catch (error) {
      await mesh.stop();
      const why = unavailable(pageAt, error);
      if (why === undefined) throw error;
      say(why);
      return undefined;
    }
  }
  let before: Compiled | undefined;
  let isEnding = false;
  const first = Promise.withResolvers<boolean>();
  /** At the terminal, and the same text for the page. */
  const wrongWithLines = async (found: readonly Diagnostic[]): Promise<string> => {
    const spans = await spansFor(found, (origins) => spansOf(folder, options, origins));
    await wrong(found, spans);
    return diagnosticsText(found, (origin) => spans.get(origin), { width: 80, colour: false });
  };
  /** What is on the disk is not what runs. */
  const refused = (why: string): void => {
    page?.broken(why);
    if (before !== undefined) say("What was in force stays in force.");
    first.resolve(false);
  };
  const compiled = async (value: Compiled, diagnostics: readonly Diagnostic[]): Promise<void> => {
    const local = await readLocal(folder, value.graph);
    const mismatches = target.mismatches(value.platform);
    const found = [...diagnostics, ...local.diagnostics, ...mismatches];
    const text = found.length > 0 ? await wrongWithLines(found) : "";
    if (local.value === undefined || failed(found)) return refused(text);
    const startedAt = performance.now();
    const last = before;
    await mesh.taken(value, local.value);
    before = value;
    const took = Math.round(performance.now() - startedAt);
    if (last === undefined) {
      say(`${mesh.counts().size} proxies run (${took} ms).`);
      for (const line of waysIn(mesh)) say(line);
      page?.inForce(value.mesh, "What the mesh began with.");
      if (page !== undefined) say(`What goes on is shown at ${page.url}`);
      return first.resolve(true);
    }
    const said = await meaning(last, value, { folder, shownAs, options, colour });
    page?.inForce(value.mesh, said);
    say(said.trimEnd());
    say(`In force in all proxies after ${took} ms.`);
  };
  const following = await followedFolder(folder, options, {
    compiled,
    broken: async (diagnostics) => refused(await wrongWithLines(diagnostics)),
    failed: (error) => {
      if (isEnding) return;
      const text = error instanceof Error ? error.message : String(error);
      say(text);
      refused(text);
    },
  });
  const stop = async (): Promise<void> => {
    isEnding = true;
    // First: whoever waits for proxies waits no longer.
    await mesh.stop();
    await following.stop();
    await page?.close();
  };
  const aborted = (): void => first.resolve(false);
  signal?.addEventListener("abort", aborted);
  if (signal?.aborted === true) aborted();
  const isUp = await first.promise;
  signal?.removeEventListener("abort", aborted);
  if (isUp) return { mesh, stop };
  await stop();
  return undefined;
};

/** Where requests from outside come in; in a mesh without gateways, where they can be made in a workload's name. */
const waysIn = (mesh: RunningMesh): readonly string[] => {
  const entries = mesh.entries();
  if (entries.length > 0) return entries.map(({ workload, address }) => `${workload} is reached at http://${address}`);
  return Object.entries(mesh.placement().instances).flatMap(([workload, instances]) =>
    Object.entries(instances[0]?.loopback?.services ?? {})
      .filter(([service]) => /^\d+$/.test(service))
      .map(
        ([port, at]) =>
          `${workload} calls others on port ${port} through http://127.0.0.1:${at}, naming them in the host header`,
      ),
  );
};

/** What an edit means, in the words of `mesh-compile diff`. */
const meaning = async (
  before: Compiled,
  after: Compiled,
  {
    folder,
    shownAs,
    options,
    colour,
  }: {
    readonly folder: string;
    readonly shownAs: string;
    readonly options: { readonly environment?: string };
    readonly colour: boolean;
  },
): Promise<string> => {
  const shown = await shownDiff(meshChanges(before, after), {
    head: {
      mesh: shownAs,
      ...(options.environment !== undefined && { env: options.environment }),
      spansOf: (origins) => spansOf(folder, options, origins),
    },
    // What it was is gone from the disk: its lines are not shown.
    base: {
      name: "before",
      compiled: before,
      prefix: undefined,
      filePrefix: "",
      notes: [],
      spansOf: () => Promise.resolve(new Map()),
      remove: () => Promise.resolve(),
    },
    failOn: [],
    fromTop: false,
  });
  return diffText(shown, { colour });
};
