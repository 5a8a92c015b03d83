import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { discovery, type DiscoverOptions, type Discovery } from "./index.ts";

/** What texts of manifests make, for tests: as `discovery`, with what it found beside. */
export const discovered = (
  text: string,
  options: DiscoverOptions = {},
): {
  readonly value: Discovery | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly codes: readonly string[];
} => {
  const { value, diagnostics } = discovery([{ file: "a.yaml", source: "a.yaml", found: false, text }], options);
  const notes = new Set(["MESH4018", "MESH4026"]);
  return { value, diagnostics, codes: diagnostics.map(({ code }) => code).filter((code) => !notes.has(code)) };
};

/** The text that a diagnostic underlines. */
export const underlined = (text: string, { place }: Diagnostic): string | undefined => {
  if (place === undefined || !("span" in place)) return undefined;
  const { sourceLine, column, length } = place.span;
  return text.includes(sourceLine) ? sourceLine.slice(column - 1, column - 1 + length) : undefined;
};

export const namespaceText = (name: string, labels: Readonly<Record<string, string>>): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });

export const deploymentText = (of: {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: of.name, namespace: of.namespace ?? "shop" },
    spec: {
      template: {
        metadata: { labels: of.labels ?? { app: of.name }, annotations: of.annotations ?? {} },
        spec: { containers: [{ name: "app" }], ...of.spec },
      },
    },
  });

export const serviceText = (of: {
  readonly name: string;
  readonly namespace?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: of.name, namespace: of.namespace ?? "shop" },
    spec: { selector: { app: of.name }, ports: [{ name: "http", port: 80 }], ...of.spec },
  });

export const documents = (...texts: readonly string[]): string => texts.join("\n---\n");
