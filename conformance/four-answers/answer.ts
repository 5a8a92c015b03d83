import type { Call, HttpRequest } from "../../lib/model/call.ts";
import { decide } from "../../lib/model/decide/index.ts";
import type { End } from "../../lib/model/decide/decision.ts";
import { editedHeaders } from "../../lib/model/edited-headers.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { HeaderEdits } from "../../lib/model/route.ts";
import {
  headersForm,
  isOwnResponseHeader,
  isProxyOwnedHeader,
  servedHeaders,
  type Observed,
} from "../laboratory/oracle/observation.ts";

/** What becomes of a call, as far as its two ends see it: the form in which what was decided and what was seen are compared. */
export type Answer =
  | {
      readonly kind: "request";
      /** Who may have answered; one where it was seen, several where a load balancer chooses. */
      readonly at: readonly string[];
      readonly port: number;
      readonly method: string;
      readonly target: string;
      readonly host: string;
      /** As the server saw them, but for those that proxies own. */
      readonly headers: string;
      /** Whom the server's proxy took the caller for, by its certificate. */
      readonly caller: string;
      readonly status: number;
      readonly responseHeaders: string;
    }
  | { readonly kind: "connection"; readonly at: readonly string[] }
  | { readonly kind: "answered by a proxy"; readonly status: number; readonly responseHeaders: string }
  | { readonly kind: "closed" }
  | { readonly kind: "silence" };

const nobody = "nobody";
const outside = "outside";

/** Whether what was seen is this: the same in everything, and at one of those who may have answered. */
export const isOf = (decided: Answer, seen: Answer): boolean => {
  const [may, did] = [whoseOf(decided), whoseOf(seen)];
  return did.every((who) => may.includes(who)) && told({ ...decided, at: [] }) === told({ ...seen, at: [] });
};

const whoseOf = (answer: Answer): readonly string[] => ("at" in answer ? answer.at : []);

/** One line, the same for the same answer. */
export const told = (answer: Answer | (Answer & { readonly at: readonly [] })): string =>
  Object.entries(answer)
    .filter(([name]) => name !== "kind")
    .reduce(
      (line, [name, value]: readonly [string, unknown]) =>
        name === "at" && answer.kind !== "request" && answer.kind !== "connection"
          ? line
          : `${line}, ${name} ${Array.isArray(value) ? value.join(" or ") : String(value)}`,
      answer.kind as string,
    );

/** What a client and a server of the rig saw. */
export const seenAnswer = (observed: Observed): Answer => {
  switch (observed.kind) {
    case "failed":
      return observed.reason.startsWith("no answer within") ? { kind: "silence" } : { kind: "closed" };
    case "connected":
      return { kind: "connection", at: [observed.workload] };
    case "response": {
      const { status, echo } = observed;
      const responseHeaders = headersForm(observed.headers, isOwnResponseHeader);
      if (echo === undefined) return { kind: "answered by a proxy", status, responseHeaders };
      const { workload, port, method, target, headers } = echo;
      return {
        kind: "request",
        at: [workload.startsWith(`${outside}/`) ? outside : workload],
        port,
        method,
        target,
        host: headers.find(([name]) => name === "host")?.[1] ?? "",
        headers: headersForm(headers, (name) => name === "host" || isProxyOwnedHeader(name)),
        caller: provenCaller(headers),
        status,
        responseHeaders,
      };
    }
  }
};

/** All that may become of a call; several where chance decides. */
export const decidedAnswers = (mesh: Mesh, call: Call): readonly Answer[] => {
  const ends = decide({ client: mesh, server: mesh }, call).branches.flatMap((branch) => branch.ends);
  return [...new Map(ends.map((end) => decidedAnswer(mesh, call, end)).map((one) => [told(one), one])).values()];
};

const decidedAnswer = (mesh: Mesh, { from }: Call, { outcome, workloads, treatments }: End): Answer => {
  const at = workloads.length === 0 ? [outside] : [...workloads].sort();
  switch (outcome.kind) {
    case "closed":
      return { kind: "closed" };
    case "answered":
      return {
        kind: "answered by a proxy",
        status: outcome.status,
        responseHeaders: edited([], outcome.responseEdits),
      };
    case "delivered": {
      if (outcome.request === "connection") return { kind: "connection", at };
      const { method, target, host, headers } = outcome.request;
      const sender = lookup(mesh).workload(treatments.at(-1)?.at ?? from);
      return {
        kind: "request",
        at,
        port: outcome.port,
        method,
        target,
        host,
        headers: headersForm(headers, isProxyOwnedHeader),
        caller: outcome.tls === "mutual" ? (sender?.identity ?? nobody) : nobody,
        status: 200,
        responseHeaders: edited(servedHeaders, outcome.responseEdits),
      };
    }
  }
};

/** What comes back with a response to a call that is delivered: the server's own, or what a proxy answers in its place. */
export const decidedResponseHeaders = (mesh: Mesh, call: Call, by: "server" | "proxy"): string => {
  const [end] = decide({ client: mesh, server: mesh }, call).branches.flatMap((branch) => branch.ends);
  const edits = end?.outcome.kind === "delivered" ? end.outcome.responseEdits : [];
  return edited(by === "server" ? servedHeaders : [], edits);
};

const edited = (headers: HttpRequest["headers"], edits: readonly HeaderEdits[]): string =>
  headersForm(edits.reduce(editedHeaders, headers), isOwnResponseHeader);

/** Envoy tells it as `By=…;Hash=…;Subject=…;URI=…` (x-forwarded-client-cert). */
const provenCaller = (headers: HttpRequest["headers"]): string =>
  headers
    .filter(([name]) => name === "x-forwarded-client-cert")
    .map(([, value]) => /(?:^|;)URI=([^;,]+)/.exec(value)?.[1] ?? value)
    .join(" and ") || nobody;

/** What kind of end a call comes to; rows of the table. */
export const kinds = [
  "delivered in the mesh over mTLS",
  "delivered in the mesh in plain text",
  "sent out of the mesh",
  "TCP connected over mTLS",
  "TCP connected in plain text",
  "answered by a route itself",
  "HTTP refused by authorization (403)",
  "TCP refused by authorization (closed)",
  "plain text refused by mTLS (503 or closed)",
  "no route, or a host that nobody serves (404 or 502)",
  "outside of the caller's scope (closed)",
  "nobody to answer (503)",
  "several ways, of which chance takes one",
] as const;

export type Kind = (typeof kinds)[number];

export const kindOf = (mesh: Mesh, call: Call): Kind => {
  const ends = decide({ client: mesh, server: mesh }, call).branches.flatMap((branch) => branch.ends);
  const met = new Set(ends.map(kindOfEnd));
  const [kind] = met;
  if (kind === undefined) throw new Error("unreachable: a decision without ends");
  return new Set(ends.map(({ outcome }) => JSON.stringify(outcome))).size > 1
    ? "several ways, of which chance takes one"
    : kind;
};

const kindOfEnd = ({ outcome, workloads }: End): Kind => {
  if (outcome.kind === "delivered") {
    if (workloads.length === 0) return "sent out of the mesh";
    if (outcome.request === "connection")
      return outcome.tls === "mutual" ? "TCP connected over mTLS" : "TCP connected in plain text";
    return outcome.tls === "mutual" ? "delivered in the mesh over mTLS" : "delivered in the mesh in plain text";
  }
  switch (outcome.reason) {
    case "direct-response":
      return "answered by a route itself";
    case "denied":
    case "not-allowed":
      return outcome.kind === "answered"
        ? "HTTP refused by authorization (403)"
        : "TCP refused by authorization (closed)";
    case "plain-text-refused":
    case "tls-refused":
      return "plain text refused by mTLS (503 or closed)";
    case "no-route":
    case "unknown-host":
      return "no route, or a host that nobody serves (404 or 502)";
    case "out-of-scope":
    case "no-listener":
      return "outside of the caller's scope (closed)";
    case "no-workload":
    case "loop":
      return "nobody to answer (503)";
  }
};
