/** What the page shows: a mesh, or two of them held against each other, as plain data that knows no page. */
export interface Picture {
  readonly title: string;
  /** Present when the picture shows what lies between two meshes: the page then has a before, an after and a difference. */
  readonly comparison?: Comparison;
  readonly nodes: readonly PictureNode[];
  /** Both ends of an edge are nodes of the picture. */
  readonly edges: readonly PictureEdge[];
}

/** What a reader is told first: two meshes by name, the difference in sentences, and its parts one by one. */
export interface Comparison {
  readonly base: string;
  readonly head: string;
  /** One sentence each; the first is the headline. */
  readonly summary: readonly string[];
  readonly changes: readonly PictureChange[];
}

/** One thing that behaves otherwise than before, with what it can break and who wrote it. */
export interface PictureChange {
  readonly title: string;
  /** A few words each, as "opens access". */
  readonly risks: readonly string[];
  readonly lines: readonly string[];
  /** A shell command that shows the change; what is copied is exactly what the page displays. */
  readonly witness?: string;
  /** Places in the sources, as "policies/reviews.ts:14". */
  readonly causes: readonly string[];
  /** Ids of the nodes and edges to point at; an id that the picture lacks is passed over. */
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
}

/** Whether a thing is in both meshes and the same there; everything is "same" where nothing is compared. */
export type PictureState = "same" | "added" | "removed" | "changed";

/** One end of a call. Its namespace is the panel that it stands in; `outside` is where calls from beyond the mesh begin. */
export interface PictureNode {
  readonly id: string;
  readonly kind: "service" | "workload" | "gateway" | "external" | "outside";
  readonly namespace?: string;
  readonly name: string;
  /** Has a proxy of the mesh beside it; without one, nothing that the mesh says is enforced there. */
  readonly proxied: boolean;
  /** Present only where it was otherwise in the base. */
  readonly before?: { readonly proxied: boolean };
  readonly state: PictureState;
  readonly facts: readonly PictureFact[];
}

/** One part of what holds for a node or an edge, one line for each thing that is said. */
export interface PictureFact {
  /** As "Routes", "Who may call", "mTLS", "Scope". */
  readonly title: string;
  /** Present only where it differs. */
  readonly before?: readonly string[];
  readonly after: readonly string[];
}

/** What is drawn on an edge itself, apart from what is told when it is selected. */
export interface EdgeMarks {
  /** As "HTTP", "gRPC", "TCP". */
  readonly protocol: string;
  /** Who gets how much; fewer than two parts are not drawn. */
  readonly split: readonly PictureShare[];
  /** `originated`: TLS that the caller's proxy begins towards something that is not in the mesh. */
  readonly mtls: "mutual" | "plain" | "mixed" | "originated";
  /** `partly`: some calls on this edge are let through and some are refused. */
  readonly access: "allowed" | "partly" | "denied";
}

/** One part of a split; the share is written by whoever knows how exact it is, the fraction is for drawing. */
export interface PictureShare {
  readonly label: string;
  /** As "90 %". */
  readonly share: string;
  /** From 0 to 1. */
  readonly fraction: number;
}

/** Calls from one node to another on one port. For a removed edge the marks say what it was. */
export interface PictureEdge extends EdgeMarks {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** Present only where a mark was otherwise in the base. */
  readonly before?: EdgeMarks;
  readonly state: PictureState;
  readonly facts: readonly PictureFact[];
}
