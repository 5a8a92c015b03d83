import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

interface Identified {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What a tool wrote, made comparable: how many objects by kind, and the digest of all of them in one canonical form. */
export interface Canonical {
  readonly objects: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly sha256: string;
}

/** The objects of a JSON file that holds a list, of a YAML file, or of all YAML files of a folder: sorted by kind and name, keys sorted. */
export function canonical(output: string): Canonical {
  const objects = files(output).flatMap((file) => {
    const text = readFileSync(file, "utf8");
    if (file.endsWith(".json")) return JSON.parse(text) as Identified[];
    return parseAllDocuments(text).map((document) => document.toJS() as Identified);
  });
  const hash = createHash("sha256");
  const kinds: Record<string, number> = {};
  for (const [, object] of objects.map((each) => [key(each), each] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${JSON.stringify(sorted(object))}\n`);
    kinds[object.kind] = (kinds[object.kind] ?? 0) + 1;
  }
  return { objects: objects.length, kinds, sha256: hash.digest("hex") };
}

/** The digest of an output's bytes, names of files included: cheap enough to be taken after each run. */
export function outputDigest(output: string): string {
  const hash = createHash("sha256");
  for (const file of files(output)) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

const files = (output: string): readonly string[] =>
  /\.(json|yaml)$/.test(output)
    ? [output]
    : globSync("**/*.yaml", { cwd: output })
        .toSorted()
        .map((file) => join(output, file));

const key = ({ kind, metadata }: Identified): string => `${kind} ${metadata.namespace ?? ""} ${metadata.name}`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}
