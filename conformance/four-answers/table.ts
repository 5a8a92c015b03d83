import { join } from "node:path";
import { format } from "prettier";
import { requestsPerSplit } from "../laboratory/oracle/trials.ts";
import { versions } from "../rig/install.ts";
import { toldDisagreement, type Comparison, type Count, type KindRow, type MeshRow } from "./comparison.ts";
import { dataPlanes } from "./record.ts";

export const page = join(import.meta.dirname, "..", "..", "docs", "four-answers.md");

/** The page, of figures that every run has alike; the same bytes for the same comparison. */
export const tableOf = (comparison: Comparison): Promise<string> => {
  const { distinct, meshes, kinds, played, splits, leftOut, explained, disagreements } = comparison;
  const total = sumOf(meshes);
  return format(
    [
      "<!-- Written by conformance/four-answers/generate.ts from what the suites saw. Not to be edited. -->",
      "",
      "# Four answers",
      "",
      "What happens to a call is said four times: by `decide` (the meaning that `explain`, `diff` and `test` speak from), by Envoy",
      `${versions.envoy} that istiod ${versions.istio} feeds with the objects that \`build\` writes, by Envoy ${versions.envoy} that \`mesh-control\` feeds, and by \`mesh-proxy\`.`,
      `Of ${total.calls} calls (${distinct} distinct) to ${meshes.length} meshes, ${total.four} have all four answers. ${total.disagreements === 0 ? "No answer differs" : `Of ${total.disagreements} calls an answer differs`}.`,
      "",
      "The meshes are the example in `policies/bookinfo` and random ones (`golden/random`), the same for the same seed; their",
      "calls are drawn with the same seed, at the edges of what each mesh distinguishes, and sent from real pods.",
      "",
      "```sh",
      "npm run conformance                          # asks all of them, and fails where this page is not what it saw; needs root and Linux",
      "node conformance/four-answers/generate.ts    # writes this page from what the suites saw last",
      "```",
      "",
      "An answer is **as decided** where",
      "",
      "- the request came to a workload that `decide` names, or left the mesh, at the same port, with the same method, target, host and headers,",
      "  from whom `decide` says by mTLS or from nobody in plain text; and the response came back with the same status and headers;",
      "- or a proxy answered, with the same status and headers;",
      "- or a TCP connection came to such a workload (that it was mTLS is held by each suite apart);",
      "- or the connection was closed. Silence is no answer.",
      "",
      "Headers that proxies own stand in `conformance/laboratory/oracle/observation.ts`, each with its reason. Where chance decides (a load",
      "balancer's choice, a split) an answer must be one of those that `decide` names, and the planes may differ in which;",
      `the shares of ${eachOf(splits)} splits are held by an exact binomial test over ${requestsPerSplit} requests each. A call that one plane`,
      "leaves out is still held against `decide` on the others.",
      "",
      "## By mesh",
      "",
      "For each data plane: as decided, of the calls that were sent; and how many were left out.",
      "",
      "| mesh | calls | istiod | mesh-control | mesh-proxy | all four answers | differ |",
      "| --- | --: | --: | --: | --: | --: | --: |",
      ...[...meshes, total].map(meshRow),
      "",
      "## By what becomes of a call",
      "",
      "As `decide` has it. For each data plane: as decided, of those that were sent. (Each suite also dials every strict workload by",
      "hand: in plain text, and with certificates that must be refused.)",
      "",
      "| | calls | istiod | mesh-control | mesh-proxy |",
      "| --- | --: | --: | --: | --: |",
      ...[...kinds, ...played.map((row) => ({ ...row, name: playedNames[row.name] ?? row.name }))]
        .filter(({ calls }) => calls > 0)
        .map(kindRow),
      "",
      "## What is left out",
      "",
      "| | istiod | mesh-control | mesh-proxy | why |",
      "| --- | --: | --: | --: | --- |",
      ...leftOut.map(({ explained: { what, why }, calls }) =>
        row([what, ...dataPlanes.map((plane) => calls[plane]), why]),
      ),
      "",
      "## Differences that are explained",
      "",
      ...(explained.length === 0 ? ["None."] : explained.flatMap(explanation)),
      ...(disagreements.length === 0
        ? []
        : ["", "## Differences that nobody explained", "", ...disagreements.slice(0, 10).flatMap(witness)]),
      "",
    ].join("\n"),
    { parser: "markdown", printWidth: 120 },
  );
};

const playedNames: Readonly<Record<string, string>> = {
  attempts: "attempts at a server that fails, with and without retries",
  timeout: "a server that answers after the time limit, or late where there is none",
};

const counted = ({ cases, same }: Count): string => `${same} of ${cases}`;

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

const meshRow = ({ name, calls, planes, four, disagreements }: MeshRow): string =>
  row([
    name,
    calls,
    ...dataPlanes.map((plane) => `${counted(planes[plane])}, ${planes[plane].leftOut} left`),
    four,
    disagreements,
  ]);

const kindRow = ({ name, calls, planes }: KindRow): string =>
  row([name, calls, ...dataPlanes.map((plane) => counted(planes[plane]))]);

const explanation = ({ why, met }: Comparison["explained"][number]): readonly string[] => [
  `${why} (${met.length} calls.)`,
  "",
  ...met.slice(0, 1).flatMap(witness),
];

const witness = (one: Comparison["disagreements"][number]): readonly string[] => [
  `- ${one.mesh}, among ${one.seed === 0 ? "the example's calls" : `the calls of seed ${one.seed}`}:`,
  ...toldDisagreement(one).map((line) => `  - \`${line}\``),
];

const eachOf = (counts: Readonly<Record<string, number>>): string =>
  new Set(Object.values(counts)).size === 1
    ? String(Object.values(counts)[0])
    : dataPlanes.map((plane) => `${counts[plane]} (${plane})`).join(", ");

const sumOf = (meshes: readonly MeshRow[]): MeshRow => {
  const sum = (of: (mesh: MeshRow) => number): number => meshes.reduce((all, mesh) => all + of(mesh), 0);
  return {
    name: "**all**",
    calls: sum(({ calls }) => calls),
    planes: Object.fromEntries(
      dataPlanes.map((plane) => [
        plane,
        {
          cases: sum(({ planes }) => planes[plane].cases),
          same: sum(({ planes }) => planes[plane].same),
          leftOut: sum(({ planes }) => planes[plane].leftOut),
        },
      ]),
    ) as unknown as MeshRow["planes"],
    four: sum(({ four }) => four),
    disagreements: sum(({ disagreements }) => disagreements),
  };
};
