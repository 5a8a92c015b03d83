import {
  liveScript,
  liveScriptHash,
  liveStyle,
  liveStyleHash,
  script,
  scriptHash,
  style,
  styleHash,
} from "./assets.generated.js";
import type { Embedded } from "./embedded.ts";
import { layout, type Layout } from "./layout/layout.ts";
import type { Live } from "./live.ts";
import { drawing } from "./parts/drawing.ts";
import { liveState, tryForm } from "./parts/live.ts";
import { legend, overview } from "./parts/panel.ts";
import type { EdgeMarks, Picture, PictureFact } from "./picture.ts";
import { embedded, escaped } from "./shown-text.ts";

/**
 * A picture as one HTML page that asks nothing of a network: whoever opens it sees what its maker saw. The same picture
 * gives the same bytes, in whatever order its nodes and edges come. A mesh that runs is the exception: its page asks the
 * server that it came from, and no other, what goes on.
 */
export const page = (given: Picture, live?: Live): string => {
  const picture = { ...given, nodes: given.nodes.toSorted(byId), edges: sortedEdges(given) };
  const placed = layout(picture, { measured: live !== undefined });
  const compared = picture.comparison !== undefined;
  const policy = pagePolicy({ live: live !== undefined });
  return `<!doctype html>
<html lang="en"${compared ? ` data-view="difference"` : ""}${live === undefined ? "" : ` data-drawing="${escaped(live.drawing)}"`}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(picture.title)}</title>
<style>${live === undefined ? style : liveStyle}</style>
</head>
<body>
<header>
<h1>${escaped(picture.title)}</h1>
${compared ? viewSwitch : ""}
<div class="search"><input id="search" type="search" role="combobox" aria-label="Search nodes" aria-expanded="false" aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false" placeholder="Search  /"><ul id="found" role="listbox" aria-label="Found nodes" hidden></ul></div>
<button type="button" id="collapse" aria-pressed="false">Collapse all</button>
<button type="button" id="theme" aria-label="Switch between light and dark"><span aria-hidden="true">◐</span></button>
</header>
<main>
<section id="stage" aria-label="Graph">
${drawing(picture.title, picture.edges, placed)}
<div class="zoom" role="group" aria-label="Zoom"><button type="button" id="zoom-in" aria-label="Zoom in">+</button><button type="button" id="zoom-out" aria-label="Zoom out">−</button><button type="button" id="fit" aria-label="Fit to view">Fit</button></div>
${legend(compared)}
</section>
<aside id="panel" aria-label="Details">${live === undefined ? "" : liveState()}<div id="overview">${live === undefined ? overview(picture) : tryForm(live)}</div><div id="selection" tabindex="-1" hidden></div></aside>
</main>
<p id="said" role="status"></p>
<script type="application/json" id="picture">${embedded(embeddedPicture(picture, placed))}</script>
<script>${live === undefined ? script : liveScript}</script>
</body>
</html>
`;
};

/** The script and the style are known by their hashes, so that nothing a picture carries could run even if it got through. */
export const pagePolicy = ({ live }: { readonly live: boolean }): string =>
  [
    "default-src 'none'",
    `style-src '${live ? liveStyleHash : styleHash}'`,
    `script-src '${live ? liveScriptHash : scriptHash}'`,
    ...(live ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** Edges in the order in which the page numbers them. */
export const sortedEdges = ({ edges }: Picture): Picture["edges"] => edges.toSorted(byId);

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

const viewSwitch = `<div class="views" role="radiogroup" aria-label="What is shown">${["before", "after", "difference"]
  .map(
    (view) =>
      `<button type="button" role="radio" data-show="${view}" aria-checked="${view === "difference"}" tabindex="${view === "difference" ? 0 : -1}">${view.charAt(0).toUpperCase()}${view.slice(1)}</button>`,
  )
  .join("")}</div>`;

const embeddedPicture = ({ nodes, edges, comparison }: Picture, placed: Layout): Embedded => {
  const nodeAt = new Map(nodes.map(({ id }, index) => [id, index]));
  const edgeAt = new Map(edges.map(({ id }, index) => [id, index]));
  const known = (ids: readonly string[], places: ReadonlyMap<string, number>): readonly number[] =>
    ids.flatMap((id) => places.get(id) ?? []);
  const facts = new Map<string, { readonly index: number; readonly fact: PictureFact }>();
  const factsOf = (thing: { readonly facts: readonly PictureFact[] }): readonly number[] =>
    thing.facts.map((fact) => {
      const key = JSON.stringify(fact);
      const known = facts.get(key) ?? { index: facts.size, fact };
      facts.set(key, known);
      return known.index;
    });
  const [shownNodes, shownEdges] = [nodes.map(factsOf), edges.map(factsOf)];
  return {
    width: Math.ceil(placed.width),
    height: Math.ceil(placed.height),
    ...(comparison !== undefined && { base: comparison.base, head: comparison.head }),
    groups: placed.groups.map((group) => ({ name: group.name, box: box(group) })),
    facts: [...facts.values()].map(({ fact }) => fact),
    nodes: placed.nodes.map(({ node, group, ...spot }, index) => ({
      kind: node.kind,
      name: node.name,
      ...(node.namespace !== undefined && { namespace: node.namespace }),
      proxied: node.proxied,
      ...(node.before !== undefined && { before: node.before }),
      state: node.state,
      facts: shownNodes[index] ?? [],
      group,
      box: box(spot),
    })),
    edges: edges.map((edge, index) => ({
      from: nodeAt.get(edge.from) ?? 0,
      to: nodeAt.get(edge.to) ?? 0,
      port: edge.port,
      ...marks(edge),
      ...(edge.before !== undefined && { before: marks(edge.before) }),
      state: edge.state,
      facts: shownEdges[index] ?? [],
      box: box(placed.labels[index] ?? { x: 0, y: 0, width: 0, height: 0 }),
    })),
    changes: (comparison?.changes ?? []).map((change) => ({
      nodes: known(change.nodes, nodeAt),
      edges: known(change.edges, edgeAt),
    })),
  };
};

const marks = ({ protocol, split, mtls, access }: EdgeMarks): EdgeMarks => ({ protocol, split, mtls, access });

const box = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }) =>
  [x, y, width, height].map((each) => Math.round(each)) as unknown as Embedded["nodes"][number]["box"];
