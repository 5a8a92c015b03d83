import { defaultPlatform } from "../../../lib/graph/platform.ts";
import { defaultRetries, retryPolicy, wholeWeight } from "../../../lib/model/base.ts";
import {
  responding,
  type Backend,
  type DirectResponse,
  type HeaderEdits,
  type Match,
  type PathMatch,
  type RetryPolicy,
  type Route,
  type StatedHeader,
} from "../../../lib/model/route.ts";
import { excluding, inOrder } from "../../../lib/model/header-conditions.ts";
import { entries, fields, items, number, originOf, text, unreadable, type Node, type Reading } from "./reading.ts";

/** A VirtualService's `http` as routes for one port; `ports` tells which rules speak of it. */
export const routesFor = (http: Node | undefined, port: number | undefined, reading: Reading): readonly Route[] =>
  items(http).flatMap((node) => routeFor(node, port, reading));

const routeFor = (node: Node, port: number | undefined, reading: Reading): readonly Route[] => {
  const { match, route, directResponse, timeout, retries, headers } = fields(
    node,
    ["name", "match", "route", "directResponse", "timeout", "retries", "headers"],
    reading,
  );
  const matches = match === undefined ? [everything] : items(match).flatMap((one) => matchFor(one, port, reading));
  if (matches.length === 0) return [];
  const { request, response } = fields(headers, ["request", "response"], reading);
  return [
    {
      matches,
      ...(directResponse === undefined
        ? {
            backends: backends(route, port, reading),
            directResponse: "none",
            timeout: timeout === undefined ? "none" : milliseconds(timeout),
            retries: retryPolicyOf(retries, reading),
            requestHeaders: headerEdits(request, reading),
          }
        : responding(responseOf(directResponse, reading))),
      responseHeaders: headerEdits(response, reading),
      origin: originOf(node.object),
    },
  ];
};

const responseOf = (node: Node, reading: Reading): DirectResponse => {
  const { status, body } = fields(node, ["status", "body"], reading);
  const { string } = fields(body, ["string"], reading);
  return { status: number(status), body: string === undefined ? "" : text(string) };
};

const everything: Match = { path: { kind: "any" }, headers: [] };

const matchFor = (node: Node, wanted: number | undefined, reading: Reading): readonly Match[] => {
  const { uri, headers, withoutHeaders, port } = fields(node, ["uri", "headers", "withoutHeaders", "port"], reading);
  if (port !== undefined && wanted !== undefined && number(port) !== wanted) return [];
  const stated = entries(headers).map(([name, value]) => statedHeader(name, value, reading));
  const names = stated.map((header) => header.name);
  if (headers !== undefined && new Set(names).size < names.length) unreadable(headers, reading);
  const excluded = entries(withoutHeaders).map(([name, value]) => excluding(statedHeader(name, value, reading)));
  return [
    {
      path: uri === undefined ? { kind: "any" } : stringMatch(uri, reading),
      headers: inOrder([...stated, ...excluded]),
    },
  ];
};

const statedHeader = (name: string, node: Node, reading: Reading): StatedHeader => {
  const match = stringMatch(node, reading);
  return match.kind === "any" ? { name: name.toLowerCase(), kind: "present" } : { name: name.toLowerCase(), ...match };
};

const stringMatch = (node: Node, reading: Reading): PathMatch => {
  const { exact, prefix } = fields(node, ["exact", "prefix"], reading);
  if (exact !== undefined) return { kind: "exact", value: text(exact) };
  if (prefix !== undefined) return { kind: "prefix", value: text(prefix) };
  return { kind: "any" };
};

const backends = (route: Node | undefined, calledOn: number | undefined, reading: Reading): readonly Backend[] => {
  const read = items(route).map((node) => {
    const { destination, weight } = fields(node, ["destination", "weight"], reading);
    const { host, subset, port } = fields(destination, ["host", "subset", "port"], reading);
    const { number: portNumber } = fields(port, ["number"], reading);
    return {
      host: text(host),
      port: portNumber === undefined ? (calledOn ?? 0) : number(portNumber),
      subset: subset === undefined ? "any" : text(subset),
      weight: weight === undefined ? 0 : number(weight),
    };
  });
  if (read.length === 1) return read.map((backend) => ({ ...backend, weight: wholeWeight }));
  // Istio leaves backends without weight out as soon as there are several.
  return read.filter(({ weight }) => weight > 0);
};

const retryPolicyOf = (node: Node | undefined, reading: Reading): RetryPolicy | "none" => {
  if (node === undefined) return defaultRetries(reading.platform);
  const { attempts, perTryTimeout, retryOn } = fields(node, ["attempts", "perTryTimeout", "retryOn"], reading);
  if (number(attempts) === 0) return "none";
  const on = text(retryOn)
    .split(",")
    .filter((word) => word !== "");
  return retryPolicy(
    number(attempts),
    perTryTimeout === undefined ? "none" : milliseconds(perTryTimeout),
    // Istio's own conditions, not the mesh's: those are for routes without any retries (`ConvertPolicy`).
    (on.length === 0 ? defaultPlatform.defaultRetries.on : on).map((word) =>
      /^\d+$/.test(word) ? Number(word) : word,
    ),
  );
};

const headerEdits = (node: Node | undefined, reading: Reading): HeaderEdits => {
  const { set, add, remove } = fields(node, ["set", "add", "remove"], reading);
  return {
    remove: items(remove)
      .map((item) => text(item).toLowerCase())
      .sort(),
    set: headerValues(set, reading),
    add: headerValues(add, reading),
  };
};

const headerValues = (node: Node | undefined, reading: Reading): HeaderEdits["set"] =>
  entries(node)
    .map(([name, value]) => {
      if (/%/.test(text(value).replaceAll("%%", ""))) unreadable(value, reading);
      return [name.toLowerCase(), text(value).replaceAll("%%", "%")] as const;
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));

const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** A protobuf or Go duration in milliseconds: "2s", "1m30s". */
const milliseconds = (node: Node): number =>
  Number(
    [...text(node).matchAll(/([\d.]+)(ms|h|m|s)/g)]
      .reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units], 0)
      .toFixed(6),
  );
