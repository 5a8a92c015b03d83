/**
 * The shapes of `lib/intent` once more, as JSON Schema: types can be cast away (`as any`), and everything after loading
 * relies on them. `generate.ts` turns this into code.
 */
type Schema = { readonly [keyword: string]: unknown };

const closed = (
  required: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema => ({
  type: "object",
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
});
const text: Schema = { type: "string" };
const texts: Schema = { type: "array", items: text };
const list = (items: Schema): Schema => ({ type: "array", items });
const constant = (value: string): Schema => ({ const: value });
const one = (...values: readonly string[]): Schema => ({ enum: values });
const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` });
/** Which alternative is meant follows from one property, so that a violation is told about that alternative only. */
const by = (tag: string, alternatives: Readonly<Record<string, Schema>>): Schema => ({
  type: "object",
  required: [tag],
  properties: { [tag]: { enum: Object.keys(alternatives) } },
  allOf: Object.entries(alternatives).map(([value, then]) => ({
    if: { type: "object", properties: { [tag]: { const: value } }, required: [tag] },
    then,
  })),
});
const either = (test: Schema, then: Schema, otherwise: Schema): Schema => ({ if: test, then, else: otherwise });
const handle = (kind: string): Schema => ({
  type: "object",
  properties: { $kind: constant(kind), $id: text },
  required: ["$kind", "$id"],
});

const handles = {
  service: { ...handle("service"), required: ["$kind", "$id", "$subsets"] },
  "tcp-service": handle("tcp-service"),
  workload: handle("workload"),
  gateway: handle("gateway"),
  namespace: handle("namespace"),
};
const subset: Schema = {
  type: "object",
  properties: { $kind: constant("subset"), $service: text, $subset: text },
  required: ["$kind", "$service", "$subset"],
};
const mtls = one("strict", "permissive", "disabled");
const duration: Schema = { type: "string" };
const texted: Schema = { type: "object", additionalProperties: text };
const edits = closed({}, { set: texted, add: texted, remove: texts });

const headerCondition = either(
  { type: "string" },
  text,
  either({ required: ["prefix"] }, closed({ prefix: text }), closed({ header: one("present", "absent") })),
);
const headerExclusion = either({ type: "string" }, text, closed({ prefix: text }));
const conditionsOfHeaders = { headers: ref("headers"), withoutHeaders: ref("withoutHeaders") };
const when = either(
  { required: ["path"] },
  closed({ path: text }, conditionsOfHeaders),
  either(
    { required: ["prefix"] },
    closed({ prefix: text }, conditionsOfHeaders),
    either({ required: ["withoutHeaders"] }, closed({}, conditionsOfHeaders), closed({ headers: ref("headers") })),
  ),
);
const retries = closed(
  { attempts: { type: "number" } },
  {
    perTry: duration,
    on: list({
      anyOf: [
        { type: "number" },
        one(
          "5xx",
          "gateway-error",
          "reset",
          "connect-failure",
          "refused-stream",
          "retriable-4xx",
          "cancelled",
          "deadline-exceeded",
          "internal",
          "resource-exhausted",
          "unavailable",
        ),
      ],
    }),
  },
);
const orNone = (schema: Schema): Schema => either(constant("none"), constant("none"), schema);

const conditions = { when: either({ type: "array" }, list(ref("when")), ref("when")) };
const route = either(
  { required: ["respond"] },
  closed(
    { kind: constant("route"), respond: closed({ status: { type: "number" } }, { body: text }) },
    { ...conditions, headers: closed({}, { response: ref("edits") }) },
  ),
  closed(
    {
      kind: constant("route"),
      to: either(
        { required: ["$kind"] },
        by("$kind", { service: handles.service, subset, external: ref("external") }),
        ref("split"),
      ),
    },
    {
      ...conditions,
      timeout: duration,
      retries: orNone(ref("retries")),
      headers: closed({}, { request: ref("edits"), response: ref("edits") }),
    },
  ),
);

const caller = either({ type: "string" }, one("anyone", "authenticated"), by("$kind", { ...handles, subset }));
const grant = (kind: string): Schema =>
  closed(
    { kind: constant(kind), from: either({ type: "array" }, list(ref("caller")), ref("caller")) },
    {
      methods: list(one("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")),
      paths: list(either({ type: "string" }, text, closed({ prefix: text }))),
    },
  );
const access = {
  allow: either({ type: "string" }, one("anyone", "nobody"), list(ref("allow"))),
  deny: list(ref("deny")),
};
const dependency = by("$kind", {
  service: handles.service,
  "tcp-service": handles["tcp-service"],
  gateway: handles.gateway,
  external: ref("external"),
});
const uses = list(ref("dependency"));
const about = {
  service: closed({}, { routes: list(ref("route")), mtls, uses, ...access }),
  "tcp-service": closed({}, { mtls, uses, ...access }),
  workload: closed({}, { mtls, uses, ...access }),
  gateway: closed({}, access),
  namespace: closed({ mtls }),
};

const policy: Schema = {
  ...closed({ kind: constant("policy"), about: by("$kind", handles), intent: { type: "object" } }),
  allOf: Object.entries(about).map(([kind, intent]) => ({
    if: { properties: { about: { properties: { $kind: { const: kind } } } } },
    then: { properties: { intent } },
  })),
};

export const intentSchema: Schema = {
  $id: "intent",
  definitions: {
    headers: { type: "object", additionalProperties: headerCondition },
    withoutHeaders: { type: "object", additionalProperties: headerExclusion },
    when,
    retries,
    route,
    caller,
    edits,
    dependency,
    allow: grant("allow"),
    deny: grant("deny"),
    split: closed({
      kind: constant("split"),
      to: handles.service,
      weights: { type: "object", additionalProperties: { type: "number" } },
    }),
    external: closed(
      {
        $kind: constant("external"),
        namespace: handles.namespace,
        host: text,
        port: { type: "number" },
        tls: closed({ port: { type: "number" } }, { sni: text }),
        resolve: either({ type: "string" }, constant("dns"), texts),
      },
      { timeout: duration, retries: orNone(ref("retries")) },
    ),
    policy,
    ingress: closed({
      kind: constant("ingress"),
      namespace: handles.namespace,
      gateway: handles.gateway,
      port: { type: "number" },
      hosts: texts,
      routes: list(ref("route")),
    }),
  },
  if: { required: ["$kind"] },
  then: ref("external"),
  else: by("kind", { policy: ref("policy"), ingress: ref("ingress") }),
};

export const configSchema: Schema = {
  $id: "config",
  ...closed(
    {
      folders: { type: "object", additionalProperties: texts },
      defaults: closed({ mtls, access: one("anyone", "nobody") }),
    },
    { environments: list({ type: "string", pattern: "^[a-z][a-z0-9-]*$", not: { const: "default" } }) },
  ),
};
