/** A value that JSON can hold; properties that are undefined are left out, as JSON leaves them out. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain | undefined };

/** Words that some YAML reader takes for a boolean or for null: 1.1 is what Kubernetes and most tools still read. */
const words = new Set(["null", "true", "false", "yes", "no", "on", "off", "y", "n"]);

/** Text that no YAML version could take for anything else; whatever is not surely plain is quoted. */
const plainText = /^[A-Za-z_/][-A-Za-z0-9_./,=+@]*$/;
const plainDuration = /^[0-9]+(ms|s|m|h)$/;
/** No word of `words` is longer, so longer text need not be folded to lower case to be looked up. */
const longestWord = 5;

/** Characters that JSON leaves as they are and YAML calls line breaks, marks or unprintable. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function scalar(text: string): string {
  if (plainText.test(text)) {
    if (text.length > longestWord || !words.has(text.toLowerCase())) return text;
  } else if (plainDuration.test(text)) return text;
  return JSON.stringify(text).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`YAML for ${value}: JSON has no such number`);
  const text = JSON.stringify(value);
  // YAML 1.1 reads 1e21 as text: its floats have a point.
  return text.includes("e") && !text.includes(".") ? text.replace("e", ".0e") : text;
}

/** Keys longer than this need YAML's explicit form: an implicit key may have 1,024 characters. */
const longestKey = 1000;

/** The entry's value with what stands between it and its key or dash: on the same line where it can be, below it where it must. */
function below(value: Plain, indent: string, inner: string): string {
  if (typeof value === "string") return ` ${scalar(value)}\n`;
  if (typeof value !== "object" || value === null) return ` ${atom(value)}\n`;
  if (Array.isArray(value)) return value.length === 0 ? " []\n" : `\n${list(value, indent)}`;
  const entries = map(value as { readonly [key: string]: Plain | undefined }, inner, inner);
  return entries === "" ? " {}\n" : `\n${entries}`;
}

function atom(value: number | boolean | null): string {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean" || value === null) return String(value);
  throw new Error(`YAML for a ${typeof value}: JSON has no such value`);
}

/** Lines of a map; the first starts with `first` (an indent, or the dash of a list), the others with `indent`. */
function map(value: { readonly [key: string]: Plain | undefined }, first: string, indent: string): string {
  let text = "";
  let start = first;
  const inner = `${indent}  `;
  for (const key of Object.keys(value)) {
    const each = value[key];
    if (each === undefined) continue;
    const name = scalar(key);
    text += name.length > longestKey ? `${start}? ${name}\n${indent}:` : `${start}${name}:`;
    text += below(each, indent, inner);
    start = indent;
  }
  return text;
}

/** Lines of a list, its dashes at `indent` (for a list under a key that is the key's own indent, as Kubernetes prints it). */
function list(value: readonly Plain[], first: string, indent: string = first): string {
  let text = "";
  let start = first;
  const inner = `${indent}  `;
  for (const each of value) {
    if (typeof each === "object" && each !== null) {
      const nested = Array.isArray(each)
        ? list(each, `${start}- `, inner)
        : map(each as { readonly [key: string]: Plain | undefined }, `${start}- `, inner);
      text += nested === "" ? `${start}- ${Array.isArray(each) ? "[]" : "{}"}\n` : nested;
    } else text += typeof each === "string" ? `${start}- ${scalar(each)}\n` : `${start}- ${atom(each)}\n`;
    start = indent;
  }
  return text;
}

/**
 * One YAML document: block style, two spaces, keys in the order given, text quoted unless no reader of YAML 1.1 or 1.2
 * could misread it. The same value always gives the same bytes. Our own printer, because a library takes ten times as
 * long and tens of thousands of objects are the normal case. Throws on what JSON cannot hold (NaN, functions).
 */
export function yamlDocument(value: Plain): string {
  if (typeof value === "string") return `${scalar(value)}\n`;
  if (typeof value !== "object" || value === null) return `${atom(value)}\n`;
  if (Array.isArray(value)) return value.length === 0 ? "[]\n" : list(value, "");
  return map(value as { readonly [key: string]: Plain | undefined }, "", "") || "{}\n";
}

/** Several YAML documents as one stream, `---` between them. */
export function yamlStream(values: readonly Plain[]): string {
  return values.map(yamlDocument).join("---\n");
}
