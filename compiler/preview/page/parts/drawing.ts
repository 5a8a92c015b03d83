import type { PlacedNode } from "../layout/geometry.ts";
import { type EdgeLabel, labelSizes } from "../layout/labels.ts";
import type { Group, Layout } from "../layout/layout.ts";
import type { Route } from "../layout/routes.ts";
import type { EdgeMarks, PictureEdge, PictureNode, PictureState } from "../picture.ts";
import { escaped, fittedText } from "../shown-text.ts";
import { arrowHead, icon, iconDefinitions } from "./icons.ts";
import { kindWords, nodeSentence } from "./words.ts";

/** The graph as one SVG element. Things carry their place in the layout's lists as id: n0, e0, l0 (a label), g0 (a group). */
export const drawing = (title: string, edges: readonly PictureEdge[], layout: Layout): string => {
  const byId = new Map(layout.nodes.map(({ node }) => [node.id, node]));
  const [width, height] = [Math.ceil(layout.width), Math.ceil(layout.height)];
  return [
    `<svg id="graph" role="application" aria-roledescription="graph" aria-label="${escaped(title)}: ${layout.nodes.length} nodes, ${edges.length} edges" viewBox="0 0 ${width} ${height}" data-zoom="near">`,
    `<defs>${iconDefinitions()}<clipPath id="card-clip"><rect width="${(layout.nodes[0]?.width ?? 0) - 8}" height="${layout.nodes[0]?.height ?? 0}"/></clipPath></defs>`,
    `<g id="world">`,
    `<g id="panels">${layout.groups.map(panel).join("")}</g>`,
    `<g id="edges">${edges.map((edge, index) => edgeInk(edge, index, layout.routes[index], byId)).join("")}</g>`,
    `<g id="labels" aria-hidden="true">${edges.map((edge, index) => labelInk(edge, index, layout.labels[index])).join("")}</g>`,
    `<g id="nodes">${layout.nodes.map(nodeInk).join("")}</g>`,
    `<g id="bundles" aria-hidden="true"></g>`,
    `<g id="headings">${layout.groups.map((group, index) => heading(group, index, layout.title)).join("")}</g>`,
    `</g></svg>`,
  ].join("\n");
};

const panel = ({ x, y, width, height, namespace }: Group, index: number): string =>
  `<rect id="g${index}" class="panel${namespace ? "" : " loose"}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="12"/>`;

const heading = ({ x, y, width, name, count, namespace }: Group, index: number, title: number): string => {
  const label = `${namespace ? "Namespace " : ""}${name}, ${count} ${count === 1 ? "node" : "nodes"}`;
  return [
    `<g id="h${index}" class="heading" role="button" tabindex="-1" aria-expanded="true" aria-label="${escaped(label)}" transform="translate(${round(x)} ${round(y)})">`,
    `<title>${escaped(name)}</title><rect class="grip" x="4" y="4" width="${round(Math.min(width - 8, Math.max(260, title * 6)))}" height="${round(title - 8)}" rx="8"/>`,
    `<g class="heading-text"><path class="chevron" d="M13 15.5l4 4 4-4"/><text x="28" y="22">${escaped(fittedText(name, 13, Math.max(width - 60, 120)))}<tspan class="count" dx="8">${count}</tspan></text></g></g>`,
  ].join("");
};

const nodeInk = ({ node, x, y, width, height }: PlacedNode, index: number): string => {
  const bare = (proxied: boolean): boolean => !proxied && node.kind !== "external" && node.kind !== "outside";
  const sub = (proxied: boolean): string => `${kindWords[node.kind]}${bare(proxied) ? " · no proxy" : ""}`;
  const was = node.before?.proxied ?? node.proxied;
  const classes = ["node", ...(bare(node.proxied) ? ["bare-now"] : []), ...(bare(was) ? ["bare-was"] : [])];
  const subs =
    was === node.proxied
      ? `<text class="sub" x="40" y="35">${sub(was)}</text>`
      : `<text class="sub now" x="40" y="35">${sub(node.proxied)}</text><text class="sub was" x="40" y="35">${sub(was)}</text>`;
  return [
    `<g id="n${index}" class="${classes.join(" ")}" data-state="${node.state}" role="button" tabindex="${index === 0 ? 0 : -1}" aria-label="${escaped(nodeSentence(node))}" transform="translate(${round(x)} ${round(y)})">`,
    `<title>${escaped(node.name)}</title><rect class="card" width="${width}" height="${height}" rx="9"/>${icon(`kind-${node.kind}`, 13, 15)}`,
    `<g clip-path="url(#card-clip)"><text class="name" x="40" y="20">${escaped(fittedText(node.name, 15, width - 48))}</text>${subs}</g>`,
    `${badge(node.state, width, 0)}</g>`,
  ].join("");
};

/** The sign of a state: a shape, so that it says the same without its colour. */
const badge = (state: PictureState, x: number, y: number): string => {
  if (state === "same") return "";
  const sign = { added: "M-3.5 0h7M0-3.5v7", removed: "M-3.5 0h7", changed: "M-4 1c1.3-2.5 2.7-2.5 4-1s2.7 1.5 4-1" };
  return `<g class="badge" transform="translate(${x} ${y})"><circle r="7.5"/><path d="${sign[state]}"/></g>`;
};

const edgeInk = (
  edge: PictureEdge,
  index: number,
  route: Route | undefined,
  nodes: ReadonlyMap<string, PictureNode>,
): string => {
  const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
  if (route === undefined || from === undefined || to === undefined) throw new Error(`edge ${edge.id} has no route`);
  const { x, y, angle } = route.end;
  const ink = (marks: EdgeMarks, when: string): string =>
    `<g class="ink${when}" data-mtls="${marks.mtls}" data-access="${marks.access}"><path class="line" d="${route.path}"/><g transform="translate(${x} ${y})${angle === 0 ? "" : ` rotate(${angle})`}">${arrowHead(marks.access)}</g></g>`;
  const [{ before }, line] = [edge, (marks: EdgeMarks): string => `${marks.mtls} ${marks.access}`];
  const differs = before !== undefined && line(before) !== line(edge);
  return [
    `<g id="e${index}" class="edge" data-state="${edge.state}" role="button" tabindex="-1">`,
    edge.state === "same" ? "" : `<path class="halo" d="${route.path}"/>`,
    differs ? `${ink(edge, " now")}${ink(before, " was")}` : ink(edge, ""),
    `</g>`,
  ].join("");
};

const labelInk = (edge: PictureEdge, index: number, label: EdgeLabel | undefined): string => {
  if (label === undefined) throw new Error(`edge ${edge.id} has no label`);
  const { x, y, width, height, now, was, fits } = label;
  const content = (marks: EdgeMarks, lines: readonly string[], when: string): string => {
    // What the base says may be shorter than what the head says.
    const own = height - (Math.max(now.length, was?.length ?? 0) - lines.length) * labelSizes.line;
    return [
      `<g class="says${when}" data-mtls="${marks.mtls}" data-access="${marks.access}">`,
      `<rect class="plate" width="${width}" height="${own}" rx="5"/>`,
      icon(`mtls-${marks.mtls}`, labelSizes.padding - 2, 3),
      icon(`access-${marks.access}`, width - labelSizes.padding - 11, 3),
      ...lines.map(
        (line, at) =>
          `<text x="${at === 0 ? labelSizes.padding + 13 : labelSizes.padding}" y="${12.5 + at * labelSizes.line}">${escaped(line)}</text>`,
      ),
      shareBar(marks.split, width, own),
      `</g>`,
    ].join("");
  };
  return [
    `<g id="l${index}" class="label${fits ? "" : " tight"}" data-state="${edge.state}" transform="translate(${x} ${y})">`,
    edge.before === undefined || was === undefined
      ? content(edge, now, "")
      : `${content(edge, now, " now")}${content(edge.before, was, " was")}`,
    `${badge(edge.state, width, 0)}</g>`,
  ].join("");
};

const shareBar = (split: EdgeMarks["split"], width: number, height: number): string => {
  if (split.length < 2) return "";
  const room = width - 2 * labelSizes.padding;
  let x: number = labelSizes.padding;
  return split
    .map(({ fraction }, at) => {
      const part = Math.max(0, Math.min(1, fraction)) * room;
      const bar = `<rect class="share s${at % 4}" x="${round(x)}" y="${height - 3.5}" width="${round(Math.max(part - 1, 0.5))}" height="2"/>`;
      x += part;
      return bar;
    })
    .join("");
};

const round = (value: number): number => Math.round(value * 10) / 10;
