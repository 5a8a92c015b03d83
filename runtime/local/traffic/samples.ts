/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const label = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of those metrics that are asked for; what is no sample is passed over. */
export const samples = (text: string, names: ReadonlySet<string>): readonly Sample[] =>
  text.split("\n").flatMap((written) => {
    const [, name = "", labels = "", value] = line.exec(written) ?? [];
    const number = Number(value);
    if (!names.has(name) || !(number >= 0)) return [];
    return [{ name, labels: Object.fromEntries([...labels.matchAll(label)].map(labelOf)), value: number }];
  });

const labelOf = ([, name = "", said = ""]: RegExpExecArray): readonly [string, string] => [
  name,
  said.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character)),
];
