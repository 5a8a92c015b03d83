import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { meshPicture } from "../../../compiler/preview/picture/index.ts";
import type { LiveState } from "../../../compiler/preview/page/live.ts";
import { page, sortedEdges } from "../../../compiler/preview/page/page.ts";
import type { PictureEdge } from "../../../compiler/preview/page/picture.ts";
import { spansOf } from "../../../compiler/pipeline.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { RunningMesh } from "../../../runtime/local/local-mesh.ts";
import { polled } from "../../../runtime/local/traffic/polled.ts";
import { liveEdges } from "./live-edges.ts";
import { pageServer } from "./page-server.ts";
import { tried } from "./tried.ts";

export interface LivePageOptions {
  readonly address: string;
  readonly port: number;
  readonly folder: string;
  readonly environment?: string;
  readonly running: Pick<RunningMesh, "counts" | "placement">;
}

/** The page of a mesh that runs. */
export interface LivePage {
  readonly url: string;
  /** A revision is in force in all proxies. */
  readonly inForce: (mesh: Mesh, says: string) => void;
  /** What is on the disk is not in force. */
  readonly broken: (says: string) => void;
  readonly close: () => Promise<void>;
}

interface Shown {
  readonly mesh: Mesh;
  readonly drawing: string;
  readonly html: string;
  readonly edges: readonly PictureEdge[];
  readonly inForce: LiveState["inForce"];
}

export const livePage = async ({ address, port, folder, environment, running }: LivePageOptions): Promise<LivePage> => {
  let shown: Shown | undefined;
  let isBroken: string | undefined;
  const options = environment === undefined ? {} : { environment };
  const title = `${basename(resolve(folder))}${environment === undefined ? "" : ` (${environment})`}`;
  const server = await pageServer(
    { address, port },
    {
      page: () => shown?.html,
      tried: async (request) =>
        shown === undefined
          ? { refused: "the mesh does not run yet" }
          : tried(request, {
              mesh: shown.mesh,
              placement: running.placement(),
              spansOf: (origins) => spansOf(folder, options, origins),
            }),
    },
  );
  const polling = polled({
    counts: running.counts,
    told: (traffic) => {
      if (shown === undefined) return;
      const { drawing, edges, mesh, inForce } = shown;
      server.say({
        drawing,
        inForce,
        ...(isBroken !== undefined && { broken: isBroken }),
        silent: traffic.silent(),
        edges: liveEdges(traffic.measured(performance.now()), edges, mesh),
      });
    },
  });
  return {
    url: server.url,
    inForce: (mesh, says) => {
      const picture = meshPicture(mesh, title);
      const live = { callers: callers(mesh), example: example(mesh) };
      const drawing = createHash("sha256")
        .update(JSON.stringify([picture, live]))
        .digest("hex")
        .slice(0, 16);
      isBroken = undefined;
      shown = {
        mesh,
        drawing,
        html: shown?.drawing === drawing ? shown.html : page(picture, { ...live, drawing }),
        edges: sortedEdges(picture),
        inForce: { since: new Date().toISOString(), says: stripVTControlCharacters(says).trim() },
      };
    },
    broken: (says) => {
      isBroken = stripVTControlCharacters(says).trim();
    },
    close: async () => {
      polling.stop();
      await server.close();
    },
  };
};

const callers = (mesh: Mesh): readonly string[] => [
  ...(mesh.gateways.length > 0 ? ["outside"] : []),
  ...mesh.workloads.flatMap(({ id, proxy }) => (proxy === "sidecar" ? [id] : [])).sort(),
];

/** A request that somebody answers. */
const example = ({ gateways, destinations }: Mesh): string => {
  const [host] = gateways.flatMap(({ listeners }) =>
    listeners.flatMap(({ port, virtualHosts }) =>
      virtualHosts.flatMap(({ host, routes }) => {
        const path = routes[0]?.matches[0]?.path;
        const shown = host.startsWith("*") ? `www${host.slice(1)}` : host;
        return `http://${shown}${port === 80 ? "" : `:${port}`}${path === undefined || path.kind === "any" ? "/" : path.value}`;
      }),
    ),
  );
  const [first] = destinations.flatMap(({ host, ports }) => ports.map(({ number }) => `http://${host}:${number}/`));
  return host ?? first ?? "";
};
