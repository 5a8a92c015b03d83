import { entry, list, type Nothing } from "./entry.ts";

/** MESH2xxx: where requests go. */
export const routingCodes = {
  MESH2001: entry<{ readonly service: string; readonly total: number }>({
    severity: "error",
    name: "a-split-adds-up-to-100",
    message: ({ service, total }) => `the weights for ${service} add up to ${total}, not 100`,
    fix: ({ total }) =>
      total < 100
        ? `give the remaining ${Number((100 - total).toFixed(4))} % to a subset`
        : `take away ${Number((total - 100).toFixed(4))} %`,
  }),
  MESH2002: entry<{ readonly subset: string; readonly percent: number }>({
    severity: "error",
    name: "a-weight-is-a-percentage",
    message: ({ subset, percent }) => `${percent} is no share for \`${subset}\``,
    fix: () => "write a percentage from 0 to 100 with at most four decimals",
  }),
  MESH2003: entry<{ readonly service: string; readonly port: number; readonly ports: readonly number[] }>({
    severity: "error",
    name: "a-backend-has-the-port",
    message: ({ service, port, ports }) =>
      ports.length === 0
        ? `${service} has no port that carries HTTP`
        : `it is not clear which port of ${service} is meant: ${port === 0 ? "" : `there is no ${port} among `}${list(ports.map(String))}`,
    fix: () => "route to a service with one HTTP port, or with the same port number as the one that is called",
  }),
  MESH2004: entry<Nothing>({
    severity: "error",
    name: "every-route-can-be-reached",
    message: () => "no request reaches this route: an earlier one takes all that it matches",
    fix: () => "move it before the earlier route, or remove it",
  }),
  MESH2005: entry<{ readonly timeout: number; readonly perTry: number }>({
    severity: "warning",
    name: "a-try-fits-into-the-timeout",
    message: ({ timeout, perTry }) => `one try may take ${perTry} ms, but the whole request only ${timeout} ms`,
    fix: () => "make `perTry` shorter than `timeout`, so that a retry has time",
  }),
  MESH2006: entry<Nothing>({
    severity: "error",
    name: "a-condition-list-is-not-empty",
    message: () => "an empty list of conditions matches nothing",
    fix: () => "leave `when` out to match every request",
  }),
  MESH2007: entry<{ readonly path: string }>({
    severity: "error",
    name: "a-path-is-literal",
    message: ({ path }) => `\`${path}\` is no path`,
    fix: () =>
      'begin with `/` and leave out query, fragment, spaces and the wildcards `*`, `{` and `}`; `{ prefix: "/a" }` means /a and everything below it',
  }),
  MESH2008: entry<{ readonly prefix: string }>({
    severity: "error",
    name: "a-prefix-ends-in-a-segment",
    message: ({ prefix }) => `the prefix \`${prefix}\` ends with a slash`,
    fix: ({ prefix }) =>
      `write \`${prefix.replace(/\/+$/, "") || "/"}\`: a prefix is that path and everything below it, never a longer name`,
  }),
  MESH2009: entry<{ readonly name: string }>({
    severity: "error",
    name: "one-condition-for-one-header",
    message: ({ name }) => `the header \`${name}\` stands twice in one condition (names differ only in case)`,
    fix: () => "keep one of them",
  }),
  MESH2010: entry<{ readonly name: string }>({
    severity: "error",
    name: "a-header-can-be-named",
    message: ({ name }) =>
      `\`${name}\` cannot be used here: it is no header name, has no letter in it, or is one that proxies need for themselves`,
    fix: () => "use another header; hosts, hop-by-hop headers and `x-envoy-*` belong to the proxies",
  }),
  MESH2011: entry<{ readonly name: string }>({
    severity: "error",
    name: "a-header-condition-has-a-value",
    message: ({ name }) => `the condition on \`${name}\` compares with an empty string`,
    fix: () => "use `present` or `absent`",
  }),
  MESH2012: entry<{ readonly name: string }>({
    severity: "error",
    name: "a-header-is-edited-once",
    message: ({ name }) => `the header \`${name}\` is edited in two ways`,
    fix: () => "keep one of `set`, `add` and `remove` for it",
  }),
  MESH2013: entry<{ readonly name: string; readonly value: string }>({
    severity: "error",
    name: "a-header-value-can-be-sent",
    message: ({ name }) =>
      `the value for \`${name}\` cannot be sent: it is empty, has spaces around it, or holds control characters`,
    fix: () => "write the value as it stands on the wire; to take a header away, use `remove`",
  }),
  MESH2014: entry<{ readonly attempts: number; readonly most: number }>({
    severity: "error",
    name: "retries-are-counted",
    message: ({ attempts }) => `${attempts} is no number of retries`,
    fix: ({ most }) => `write a whole number from 1 to ${most}, or \`retries: "none"\``,
  }),
  MESH2015: entry<{ readonly status: number }>({
    severity: "error",
    name: "a-retried-status-is-an-error",
    message: ({ status }) => `${status} is no status to retry on`,
    fix: () => "write an error status that HTTP defines, such as 409 or 503: platforms know no others",
  }),
  MESH2016: entry<{ readonly gateway: string; readonly port: number; readonly ports: readonly number[] }>({
    severity: "error",
    name: "a-gateway-serves-the-port",
    message: ({ gateway, port, ports }) =>
      `the gateway ${gateway} has no service port ${port}; it has ${ports.length === 0 ? "none" : list(ports.map(String))}`,
    fix: () => "name a port of the gateway's service, or add it there",
  }),
  MESH2017: entry<{ readonly host: string }>({
    severity: "error",
    name: "an-ingress-host-is-a-name",
    message: ({ host }) => `\`${host}\` is no host`,
    fix: () => "write a DNS name in lower case, or `*.` and a DNS name; without scheme and port",
  }),
  MESH2018: entry<Nothing>({
    severity: "error",
    name: "an-ingress-has-hosts",
    message: () => "an ingress without hosts lets nothing in",
    fix: () => 'name at least one: `hosts: ["shop.example.com"]`',
  }),
  MESH2019: entry<{ readonly host: string; readonly gateway: string; readonly port: number | undefined }>({
    severity: "error",
    name: "one-ingress-for-one-host",
    message: ({ host, gateway, port }) =>
      port === undefined
        ? `two namespaces speak for ${host} on ${gateway}, each on a port of its own`
        : `two ingresses speak for ${host} on port ${port} of ${gateway}`,
    fix: () => "write all routes of a host in one ingress: the order between two would be nobody's decision",
  }),
  MESH2020: entry<{ readonly host: string }>({
    severity: "error",
    name: "one-external-for-one-host",
    message: ({ host }) => `${host} is declared twice`,
    fix: () => "export it from one module and import it in the others",
  }),
  MESH2021: entry<{ readonly what: string; readonly port: number }>({
    severity: "error",
    name: "a-port-is-a-port",
    message: ({ what, port }) => `${port} is no port for ${what}`,
    fix: () => "write a whole number from 1 to 65535",
  }),
  MESH2022: entry<{ readonly host: string }>({
    severity: "error",
    name: "an-external-host-is-a-name",
    message: ({ host }) => `\`${host}\` is no name of an external service`,
    fix: () =>
      "write a DNS name with at least one dot, in lower case, that is not inside the cluster; without scheme, port and wildcard",
  }),
  MESH2024: entry<{ readonly path: string; readonly normal: string }>({
    severity: "error",
    name: "a-path-is-in-normal-form",
    message: ({ path, normal }) =>
      `no request has the path \`${path}\`: the platform makes it \`${normal}\` before anything is compared`,
    fix: ({ normal }) => `write \`${normal}\``,
  }),
  MESH2025: entry<Nothing>({
    severity: "error",
    name: "retries-have-occasions",
    message: () => "an empty list of occasions never retries here, and means the platform's defaults there",
    fix: () => 'name at least one, leave `on` out for the platform\'s defaults, or write `retries: "none"`',
  }),
  MESH2026: entry<{ readonly gateway: string; readonly ports: readonly number[]; readonly target: number }>({
    severity: "error",
    name: "ports-of-a-gateway-are-apart",
    message: ({ gateway, ports, target }) =>
      `the ports ${list(ports.map(String))} of ${gateway} are one port of its proxy, ${target}: hosts of both would be one`,
    fix: () => "let requests in through one of them",
  }),
  MESH2027: entry<{
    readonly name: string;
    readonly part: "name" | "value";
    readonly bytes: number;
    readonly longest: number;
  }>({
    severity: "error",
    name: "a-header-fits-a-proxy",
    message: ({ name, part, bytes }) =>
      `the ${part} ${part === "name" ? "" : "for "}\`${name.slice(0, 100)}\` takes ${bytes} bytes: proxies refuse it, with all routes beside it`,
    fix: ({ longest }) => `keep it to ${longest} bytes, in which each \`%\` of a value counts twice`,
  }),
  MESH2028: entry<{ readonly count: number; readonly most: number }>({
    severity: "error",
    name: "a-route-writes-a-thousand-headers-at-most",
    message: ({ count }) => `${count} headers are written here: proxies refuse that, with all routes beside it`,
    fix: ({ most }) => `write ${most} headers at most`,
  }),
  MESH2029: entry<{ readonly name: string }>({
    severity: "error",
    name: "a-condition-can-be-met",
    message: ({ name }) => `no request meets this condition: \`headers\` asks of \`${name}\` what is excluded here`,
    fix: () => "exclude less than `headers` asks for, or leave one of them out",
  }),
  MESH2030: entry<{ readonly status: number }>({
    severity: "error",
    name: "a-response-has-a-status",
    message: ({ status }) => `${status} is no status of a response`,
    fix: () => "write a whole number from 200 to 599",
  }),
  MESH2031: entry<{ readonly bytes: number; readonly longest: number }>({
    severity: "error",
    name: "a-response-fits-a-proxy",
    message: ({ bytes }) => `the body takes ${bytes} bytes: platforms refuse it, with all routes beside it`,
    fix: ({ longest }) => `keep it to ${longest} bytes, or let a server respond`,
  }),
  MESH2032: entry<{ readonly status: number }>({
    severity: "error",
    name: "a-body-can-be-sent",
    message: ({ status }) => `a response with the status ${status} has no body`,
    fix: () => "leave `body` out, or respond with another status",
  }),
  MESH2033: entry<{ readonly status: number }>({
    severity: "error",
    name: "a-redirect-says-where-to",
    message: ({ status }) => `the status ${status} sends callers nowhere, and with Envoy back to where they came from`,
    fix: () => 'say where to: `headers: { response: { set: { location: "https://…" } } }`',
  }),
  MESH2023: entry<{ readonly address: string }>({
    severity: "error",
    name: "an-external-address-is-an-ip",
    message: ({ address }) => `\`${address}\` is no IP address outside of the proxy's own machine`,
    fix: () => 'write at least one IPv4 or IPv6 address that is neither loopback nor link-local, or `resolve: "dns"`',
  }),
};
