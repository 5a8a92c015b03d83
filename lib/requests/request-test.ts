import { headerValues, pathOf, type HttpRequest } from "../model/call.ts";

/**
 * One question about a request that is answered with yes or no. Sets of requests are built from these alone, so that two
 * requests with the same answers are in the same sets.
 */
export type RequestTest = ConnectionTest | StringTest | HeaderTest;

/** Bytes that are not HTTP; no other question means anything for them. */
export interface ConnectionTest {
  readonly of: "connection";
}

/** A `suffix` holds only of what is longer, as `*.example.com` does. */
export interface Pattern {
  readonly kind: "exact" | "prefix" | "suffix";
  readonly value: string;
}

/** Of the one value of a dimension. */
export interface StringTest extends Pattern {
  readonly of: "host" | "method" | "path";
}

/** Whether one of a header's lines is such; `only`: whether its lines are just these, in order, and not none. */
export type HeaderTest =
  | { readonly of: "header"; readonly name: string; readonly kind: "present" }
  | { readonly of: "header"; readonly name: string; readonly kind: "exact" | "prefix"; readonly value: string }
  | { readonly of: "header"; readonly name: string; readonly kind: "only"; readonly values: readonly string[] };

/** As Envoy's route table names hosts: without port, in lower case. */
export const hostOfRequest = ({ host }: HttpRequest): string => host.toLowerCase().replace(/:\d+$/, "");

/** The answer for one request, whose path is already normalised. */
export const answerTo = (test: RequestTest, request: HttpRequest | "connection"): boolean => {
  if (test.of === "connection") return request === "connection";
  if (request === "connection") return false;
  switch (test.of) {
    case "host":
      return accepts(test, hostOfRequest(request));
    case "method":
      return accepts(test, request.method);
    case "path":
      return accepts(test, pathOf(request));
    case "header":
      return acceptsLines(test, headerValues(request, test.name));
  }
};

export const accepts = ({ kind, value }: Pattern, text: string): boolean => {
  switch (kind) {
    case "exact":
      return text === value;
    case "prefix":
      return text.startsWith(value);
    case "suffix":
      return text.length > value.length && text.endsWith(value);
  }
};

export const acceptsLines = (test: HeaderTest, lines: readonly string[]): boolean => {
  switch (test.kind) {
    case "present":
      return lines.length > 0;
    case "exact":
      return lines.includes(test.value);
    case "prefix":
      return lines.some((line) => line.startsWith(test.value));
    case "only":
      return lines.length === test.values.length && lines.every((line, index) => line === test.values[index]);
  }
};

/** Equal tests have equal keys, and sorted keys keep what is tested together side by side: prefixes before what they begin. */
export const keyOf = (test: RequestTest): string => {
  switch (test.of) {
    case "connection":
      return "0";
    case "host":
      return `1${[...test.value].reverse().join("")}\0${test.kind}`;
    case "method":
      return `2${test.value}`;
    case "path":
      return `3${test.value}\0${test.kind}`;
    case "header":
      switch (test.kind) {
        case "present":
          return `4${test.name}\0`;
        case "only":
          return `5${test.name}\0${JSON.stringify(test.values)}`;
        case "exact":
        case "prefix":
          return `4${test.name}\0=${test.value}\0${test.kind}`;
      }
  }
};
