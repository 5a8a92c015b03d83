import type { Histogram } from "./histogram.ts";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram: what is appended to the metric's name. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** One metric in Prometheus' text format (version 0.0.4), with a line break at its end: dozens of numbers need no registry. */
export const metric = (
  name: string,
  type: "gauge" | "counter" | "histogram",
  help: string,
  samples: readonly Sample[],
): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels = {}, value, suffix = "" }) => `${name}${suffix}${labelsText(labels)} ${value}`),
    "",
  ].join("\n");

export const histogramSamples = (
  { buckets, sum, count }: Histogram,
  labels: Readonly<Record<string, string>> = {},
): readonly Sample[] => [
  ...buckets.map(([le, value]) => ({ suffix: "_bucket", labels: { ...labels, le: String(le) }, value }) as const),
  { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
  { suffix: "_sum", labels, value: sum },
  { suffix: "_count", labels, value: count },
];

/** `{a="b"}`, or nothing where there are none. The format knows three escapes, and would show any other as it stands. */
export const labelsText = (labels: Readonly<Record<string, string>>): string => {
  const text = Object.entries(labels)
    .map(
      ([label, said]) =>
        `${label}="${said.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`))}"`,
    )
    .join(",");
  return text === "" ? "" : `{${text}}`;
};
