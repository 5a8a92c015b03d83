import type { EdgeMarks, PictureNode } from "../picture.ts";

const outlines = {
  "kind-service": `<path d="M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9z"/>`,
  "kind-workload": `<rect x="2.5" y="2.5" width="11" height="11" rx="2"/><rect x="6" y="6" width="4" height="4" rx=".5"/>`,
  "kind-gateway": `<path d="M3 2.5v11M6.5 8h7M10.7 5.2L13.5 8l-2.8 2.8"/>`,
  "kind-external": `<circle cx="8" cy="8" r="6"/><ellipse cx="8" cy="8" rx="2.6" ry="6"/><path d="M2 8h12"/>`,
  "kind-outside": `<path d="M4.6 12.6a3 3 0 0 1-.4-6 4 4 0 0 1 7.8.6 2.7 2.7 0 0 1-.4 5.4z"/>`,
  "mtls-mutual": `<rect x="2.5" y="5.5" width="7" height="5" rx="1" class="solid"/><path d="M4 5.5V4a2 2 0 0 1 4 0v1.5"/>`,
  "mtls-plain": `<rect x="2.5" y="5.5" width="7" height="5" rx="1"/><path d="M4 5.5V3.6a2 2 0 0 1 3.7-1"/>`,
  "mtls-mixed": `<rect x="2.5" y="5.5" width="7" height="5" rx="1"/><path d="M4 5.5V4a2 2 0 0 1 4 0v1.5"/><path d="M3 6h3v4H3z" class="solid"/>`,
  "mtls-originated": `<circle cx="3.6" cy="6" r="2.1"/><path d="M5.7 6H11M9.2 6v2"/>`,
  "access-allowed": `<path d="M2.5 6.4l2.4 2.4 4.6-5.2"/>`,
  "access-partly": `<circle cx="6" cy="6" r="4"/><path d="M6 2a4 4 0 0 1 0 8z" class="solid"/>`,
  "access-denied": `<circle cx="6" cy="6" r="4"/><path d="M3.2 8.8l5.6-5.6"/>`,
} as const satisfies Record<
  `kind-${PictureNode["kind"]}` | `mtls-${EdgeMarks["mtls"]}` | `access-${EdgeMarks["access"]}`,
  string
>;

/** The name of an icon: every mark that has a colour has a shape too. */
export type Icon = keyof typeof outlines;

const side = (name: string): number => (name.startsWith("kind-") ? 16 : 12);

/** All icons once, to be used by name. */
export const iconDefinitions = (): string =>
  Object.entries(outlines)
    .map(([name, outline]) => `<symbol id="${name}" viewBox="0 0 ${side(name)} ${side(name)}">${outline}</symbol>`)
    .join("");

/** An icon at a place of a drawing. */
export const icon = (name: Icon, x: number, y: number): string =>
  `<use href="#${name}" class="icon ${name}" x="${x}" y="${y}" width="${side(name)}" height="${side(name)}"/>`;

/** The end of an edge, pointing right from its origin: full where calls pass, hollow where some do, a bar where none does. */
export const arrowHead = (access: EdgeMarks["access"]): string => {
  switch (access) {
    case "allowed":
      return `<path class="head full" d="M0 0L-9 -4.5V4.5Z"/>`;
    case "partly":
      return `<path class="head" d="M-1 0L-9.5 -4.5V4.5Z"/>`;
    case "denied":
      return `<path class="head" d="M-3 -7V7M-12 -4L-6 4M-12 4L-6 -4"/>`;
  }
};
