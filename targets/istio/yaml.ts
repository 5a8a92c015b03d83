/** A value that JSON can hold; properties that are undefined are left out, as JSON leaves them out. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain | undefined };

/** Words that some YAML reader takes for a boolean or for null: 1.1 is what Kubernetes and most tools still read. */
const words = new Set(["null", "true", "false", "yes", "no", "on", "off", "y", "n"]);

/** Text that no YAML version could take for anything else, such as `e0` for a number; whatever is not surely plain is quoted. */
const plainText = /^(?![eE][-+]?[0-9]+$)[A-Za-z_/][-A-Za-z0-9_./,=+@]*$/;
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

function atom(value: number | boolean | null): string {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean" || value === null) return String(value);
  throw new Error(`YAML for a ${typeof value}: JSON has no such value`);
}

type PlainMap = { readonly [key: string]: Plain | undefined };

const isEmpty = (value: PlainMap): boolean => Object.values(value).every((each) => each === undefined);

// Below, `out` collects pieces of text: joined at the end they are twice as fast as strings added to one another.
// `indent` is what a new line starts with; `open` says that the line is begun already (after a dash).

function map(value: PlainMap, indent: string, open: boolean, out: string[]): void {
  let begun = open;
  for (const key of Object.keys(value)) {
    const each = value[key];
    if (each === undefined) continue;
    if (begun) begun = false;
    else out.push(indent);
    const name = scalar(key);
    if (name.length > longestKey) out.push("? ", name, "\n", indent, ":");
    else out.push(name, ":");
    if (typeof each === "string") out.push(" ", scalar(each), "\n");
    else if (typeof each !== "object" || each === null) out.push(" ", atom(each), "\n");
    else if (Array.isArray(each)) {
      if (each.length === 0) out.push(" []\n");
      else {
        out.push("\n");
        // A list's dashes stand at the indent of its key, as Kubernetes prints it.
        list(each as readonly Plain[], indent, false, out);
      }
    } else if (isEmpty(each as PlainMap)) out.push(" {}\n");
    else {
      out.push("\n");
      map(each as PlainMap, `${indent}  `, false, out);
    }
  }
}

function list(value: readonly Plain[], indent: string, open: boolean, out: string[]): void {
  let begun = open;
  for (const each of value) {
    if (begun) begun = false;
    else out.push(indent);
    out.push("- ");
    if (typeof each === "string") out.push(scalar(each), "\n");
    else if (typeof each !== "object" || each === null) out.push(atom(each), "\n");
    else if (Array.isArray(each)) {
      if (each.length === 0) out.push("[]\n");
      else list(each as readonly Plain[], `${indent}  `, true, out);
    } else if (isEmpty(each as PlainMap)) out.push("{}\n");
    else map(each as PlainMap, `${indent}  `, true, out);
  }
}

/**
 * One YAML document: block style, two spaces, keys in the order given, text quoted unless no reader of YAML 1.1 or 1.2
 * could misread it. The same value always gives the same bytes. Our own printer, because a library takes ten times as
 * long and tens of thousands of objects are the normal case. Throws on what JSON cannot hold (NaN, functions).
 */
export function yamlDocument(value: Plain): string {
  if (typeof value === "string") return `${scalar(value)}\n`;
  if (typeof value !== "object" || value === null) return `${atom(value)}\n`;
  const out: string[] = [];
  if (!Array.isArray(value)) map(value as PlainMap, "", false, out);
  else list(value as readonly Plain[], "", false, out);
  if (out.length === 0) return Array.isArray(value) ? "[]\n" : "{}\n";
  return out.join("");
}

/** Several YAML documents as one stream, `---` between them. */
export function yamlStream(values: readonly Plain[]): string {
  return values.map(yamlDocument).join("---\n");
}
