import type { Place, Staged } from "../../lib/diagnostics/diagnostic.ts";
import { spanAt, type SourceText } from "../source-text.ts";
import type { YamlNode } from "../yaml.ts";

/** Loaded only for what is damaged: whoever compiles has no need of YAML. */
const documentsOf = async (source: SourceText): Promise<Staged<readonly YamlNode[]>> =>
  (await import("../yaml.ts")).yamlDocuments(source);

/** Where a value stands in a file, or what is around the place where it should. */
export const located = async (source: SourceText, path: readonly (string | number)[]): Promise<Place> => {
  let node = (await documentsOf(source)).value?.[0];
  for (const step of path) {
    const child: YamlNode | undefined =
      node?.kind === "map"
        ? node.entries.get(String(step))?.value
        : node?.kind === "list"
          ? node.items[Number(step)]
          : undefined;
    if (child === undefined) break;
    node = child;
  }
  return { span: spanAt(source, node?.range ?? { start: 0, end: 1 }) };
};

/** `services[3].name`. */
export const dotted = (path: readonly (string | number)[]): string =>
  path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");
