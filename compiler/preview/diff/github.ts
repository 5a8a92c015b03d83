import { printable } from "./printable.ts";
import { riskWords, type ShownChange, type ShownDiff } from "./shown-diff.ts";

/** A diff as GitHub's workflow commands: one annotation for each line that a change comes from; errors where a gate refuses. */
export const diffAnnotations = ({ changes, refused, summary }: ShownDiff): string => {
  const lines = changes.flatMap((change) => {
    const level = change.risks.some((risk) => refused.includes(risk))
      ? "error"
      : change.risks.length > 0
        ? "warning"
        : "notice";
    const places = change.causes.filter(({ revision }) => revision === "head");
    return places.length === 0 ? [command(level, {}, change)] : places.map((place) => command(level, place, change));
  });
  return lines.length === 0 ? `::notice::${data(summary[0] ?? "")}\n` : `${lines.join("\n")}\n`;
};

const command = (
  level: "error" | "warning" | "notice",
  { file, line }: { readonly file?: string; readonly line?: number | undefined },
  { subject, title, risks, witness }: ShownChange,
): string => {
  const properties = [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    ...(line === undefined ? [] : [`line=${line}`]),
    `title=${property(risks.length === 0 ? "mesh" : risks.map((risk) => riskWords[risk]).join(", "))}`,
  ];
  return `::${level} ${properties.join(",")}::${data(`${subject}: ${title}${witness ? `\n${witness.command}` : ""}`)}`;
};

/** Of the control characters only the line ends that we wrote stay: GitHub reads those back from their escapes. */
const data = (text: string): string =>
  text.split("\n").map(printable).join("\n").replaceAll("%", "%25").replaceAll("\n", "%0A");

const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
