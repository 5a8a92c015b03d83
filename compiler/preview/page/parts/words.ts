import type { EdgeMarks, PictureEdge, PictureNode, PictureState } from "../picture.ts";

/** What the marks are called, in the legend and for whoever does not see them. */
export const mtlsWords: Readonly<Record<EdgeMarks["mtls"], string>> = {
  mutual: "Mutual TLS",
  plain: "Plain text",
  mixed: "Mutual TLS or plain text",
  originated: "TLS begun by the proxy",
};

/** What the ends of edges are called. */
export const accessWords: Readonly<Record<EdgeMarks["access"], string>> = {
  allowed: "Allowed",
  partly: "Some calls refused",
  denied: "Refused",
};

/** What the marks of a comparison are called; nothing is said of what stayed. */
export const stateWords: Readonly<Record<PictureState, string>> = {
  same: "",
  added: "Added",
  removed: "Removed",
  changed: "Changed",
};

/** What kinds of nodes are called. */
export const kindWords: Readonly<Record<PictureNode["kind"], string>> = {
  service: "Service",
  workload: "Workload",
  gateway: "Gateway",
  external: "External service",
  outside: "Clients",
};

/** A node in one line, as a screen reader says it. */
export const nodeSentence = ({ kind, name, namespace, proxied, state }: PictureNode): string =>
  [
    `${name}, ${kindWords[kind].toLowerCase()}`,
    ...(namespace === undefined ? [] : [`namespace ${namespace}`]),
    ...(proxied || kind === "external" || kind === "outside" ? [] : ["no proxy"]),
    ...(state === "same" ? [] : [stateWords[state].toLowerCase()]),
  ].join(", ");

type Spoken = EdgeMarks & Pick<PictureEdge, "port" | "state">;

/** An edge in one line, as a screen reader says it. */
export const edgeSentence = (edge: Spoken, from: string, to: string): string =>
  [
    `${from} calls ${to}, ${edge.protocol} ${edge.port}`,
    mtlsWords[edge.mtls].toLowerCase(),
    accessWords[edge.access].toLowerCase(),
    ...(edge.split.length < 2 ? [] : [edge.split.map(({ label, share }) => `${label} ${share}`).join(", ")]),
    ...(edge.state === "same" ? [] : [stateWords[edge.state].toLowerCase()]),
  ].join(", ");
