import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Decision, End, Outcome, Treatment } from "../../lib/model/decide/decision.ts";
import { percentage } from "../../lib/model/fraction.ts";

/** A decision as a person reads it: each branch with its share, the chain that led there, and what was written where. */
export const explained = (call: Call, decision: Decision, spans: ReadonlyMap<Origin, Span>): string => {
  const request =
    call.request === "connection"
      ? "a connection"
      : `${call.request.method} http://${call.request.host}${call.request.target}`;
  const lines = [`${request}, port ${call.port}, from ${call.from}`, ""];
  for (const { share, ends } of decision.branches) {
    for (const end of ends) {
      const several = ends.length > 1 ? ", if the load balancer chooses so," : "";
      lines.push(
        `${percentage(share)}${several} ${outcomeWords(end.outcome)}`,
        ...chain(end, spans),
        ...editWords(end.outcome),
        "",
      );
    }
  }
  return lines.join("\n");
};

const chain = ({ steps, workloads, treatments }: End, spans: ReadonlyMap<Origin, Span>): readonly string[] => {
  const width = Math.max(0, ...[...steps, ...treatments].map(({ at }) => at.length));
  const told = steps.map(({ at, says, origin }) => {
    const span = origin && spans.get(origin);
    const place = span ? `${span.file}:${span.line}:${span.column}` : origin?.module;
    return `  ${at.padEnd(width)}  ${says}${place === undefined ? "" : `  (${place})`}`;
  });
  const arrives = workloads.length > 1 ? [`  arrives at one of ${workloads.join(", ")}`] : [];
  return [
    ...told,
    ...arrives,
    ...treatments.map((treatment) => `  ${treatment.at.padEnd(width)}  ${treatmentWords(treatment)}`),
  ];
};

export const outcomeWords = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case "delivered": {
      const where =
        outcome.to === "as-dialled"
          ? "the address as dialled"
          : `${outcome.to.subset === "any" ? "" : `subset ${outcome.to.subset} of `}${outcome.to.host}`;
      const tls =
        outcome.tls === "none"
          ? "in plain text"
          : outcome.tls === "mutual"
            ? "with mTLS"
            : `with TLS for ${outcome.tls.sni}`;
      const request =
        outcome.request === "connection"
          ? ""
          : `: ${outcome.request.method} ${outcome.request.target}${outcome.request.headers.map(([name, value]) => `, ${name}: ${value}`).join("")}`;
      return `delivered to ${where}, port ${outcome.port}, ${tls}${request}`;
    }
    case "answered":
      return `answered with ${outcome.status} by the ${outcome.by.role}'s proxy (${outcome.reason})${outcome.body === "own" || outcome.body.text === "" ? "" : `: ${JSON.stringify(outcome.body.text)}`}`;
    case "closed":
      return `closed by the ${outcome.by.role}'s proxy (${outcome.reason})`;
  }
};

/** What the caller sees of the response is edited on its way back. */
const editWords = (outcome: Outcome): readonly string[] => {
  if (outcome.kind === "closed") return [];
  const words = outcome.responseEdits.flatMap(({ remove, set, add }) => [
    ...remove.map((name) => `${name} removed`),
    ...set.map(([name, value]) => `${name}: ${value} set`),
    ...add.map(([name, value]) => `${name}: ${value} added`),
  ]);
  return words.length === 0 ? [] : [`  response: ${words.join(", ")}`];
};

const treatmentWords = ({ timeout, retries }: Treatment): string => {
  const limit = timeout === "none" ? "no time limit" : `at most ${timeout} ms`;
  const tries =
    retries === "none"
      ? "no retries"
      : `up to ${retries.attempts} retries on ${[...retries.on.filter((word) => word !== "retriable-status-codes"), ...retries.statuses].join(", ")}${retries.perTry === "none" ? "" : `, ${retries.perTry} ms each`}`;
  return `${limit}, ${tries}`;
};
