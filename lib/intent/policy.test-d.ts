/**
 * What must not compile. Each line below a `@ts-expect-error` is a mistake that somebody makes; if it compiled, the
 * directive itself would be an error. What the messages say is held in compiler/load/types/type-messages.test.ts.
 */
import { allow, external, ingress, mesh, policy, present, route, split, vary } from "./index.ts";
import type { GatewayHandle, HttpServiceHandle, NamespaceHandle, TcpServiceHandle, WorkloadHandle } from "./index.ts";

declare const reviews: HttpServiceHandle<"v1" | "v2">;
declare const database: TcpServiceHandle;
declare const job: WorkloadHandle;
declare const gateway: GatewayHandle;
declare const namespace: NamespaceHandle;

// Subsets
split(reviews, { v1: 90, v2: 10 });
// @ts-expect-error there is no subset v3
split(reviews, { v1: 90, v3: 10 });
// @ts-expect-error there is no subset v3
route({ to: reviews.v3 });
// @ts-expect-error a split is about one whole service
split(reviews.v1, { v1: 100 });
// @ts-expect-error a TCP service has no requests to split
split(database, {});

// Conditions
route({ when: { path: "/a", headers: { x: present } }, to: reviews });
// @ts-expect-error a path begins with a slash
route({ when: { path: "a" }, to: reviews });
// @ts-expect-error exact path and prefix exclude each other
route({ when: { path: "/a", prefix: "/b" }, to: reviews });
// @ts-expect-error a condition says something
route({ when: {}, to: reviews });
// @ts-expect-error a header's condition is a value, a prefix, or its presence
route({ when: { headers: { x: { prefix: "a", header: "present" } } }, to: reviews });
route({ when: { withoutHeaders: { x: "a" } }, to: reviews });
route({
  when: { prefix: "/a", headers: { x: { prefix: "a" } }, withoutHeaders: { x: "ab", y: { prefix: "b" } } },
  to: reviews,
});
// @ts-expect-error that a header is not there is said by `absent`
route({ when: { withoutHeaders: { x: present } }, to: reviews });
// @ts-expect-error what is excluded is a value or what it begins with
route({ when: { withoutHeaders: { x: 1 } }, to: reviews });
// @ts-expect-error a header's value is text
route({ when: { headers: { x: 1 } }, to: reviews });

// Routes
// @ts-expect-error a route leads somewhere
route({ when: { path: "/a" } });
route({ respond: { status: 503, body: "back at noon" }, headers: { response: { set: { "retry-after": "60" } } } });
// @ts-expect-error a response has a status
route({ respond: { body: "back at noon" } });
// @ts-expect-error who responds forwards nothing
route({ to: reviews, respond: { status: 503 } });
// @ts-expect-error nothing is waited for
route({ respond: { status: 503 }, timeout: "2s" });
// @ts-expect-error nothing is asked for again
route({ respond: { status: 503 }, retries: "none" });
// @ts-expect-error nobody receives the request
route({ respond: { status: 503 }, headers: { request: { set: { a: "b" } } } });
// @ts-expect-error a duration has a unit
route({ to: reviews, timeout: "2" });
// @ts-expect-error a duration has a unit that exists
route({ to: reviews, timeout: "2 seconds" });
// @ts-expect-error retries are counted
route({ to: reviews, retries: { on: ["5xx"] } });
// @ts-expect-error there is no such condition
route({ to: reviews, retries: { attempts: 1, on: ["5xxx"] } });
// @ts-expect-error weights belong to a split
route({ to: reviews, weights: { v1: 100 } });
// @ts-expect-error a TCP service has no requests to route
route({ to: database });

// Policies
policy(reviews, {
  routes: [route({ to: reviews.v1 })],
  mtls: "strict",
  allow: [allow({ from: [reviews, job, gateway, namespace, "authenticated"] })],
  uses: [database],
});
policy(database, { allow: [allow({ from: reviews })] });
policy(job, { uses: [reviews] });
policy(gateway, { allow: "anyone" });
policy(namespace, { mtls: "permissive" });
// @ts-expect-error a policy is about a whole service
policy(reviews.v1, {});
// @ts-expect-error routes belong to a service
policy(job, { routes: [route({ to: reviews })] });
// @ts-expect-error no port of it carries HTTP
policy(database, { routes: [] });
// @ts-expect-error no port of it carries HTTP
policy(database, { allow: [allow({ from: reviews, methods: ["GET"] })] });
// @ts-expect-error access is granted by the service that is called
policy(namespace, { mtls: "strict", allow: "anyone" });
// @ts-expect-error a gateway's callers come from outside
policy(gateway, { mtls: "strict" });
// @ts-expect-error there is no such mode
policy(reviews, { mtls: "STRICT" });
// @ts-expect-error a plain object is no route
policy(reviews, { routes: [{ to: reviews.v1 }] });
// @ts-expect-error there is no such property
policy(reviews, { rutes: [] });
// @ts-expect-error methods are written in capitals
allow({ from: reviews, methods: ["get"] });
// @ts-expect-error a grant names its callers
allow({ methods: ["GET"] });

// External services and ingress
external(namespace, { host: "api.example.com", port: 80, tls: { port: 443 }, resolve: "dns" });
// @ts-expect-error TLS is originated towards a port
external(namespace, { host: "api.example.com", port: 80, resolve: "dns" });
// @ts-expect-error an ingress goes through a gateway
ingress(namespace, { gateway: reviews, port: 80, hosts: ["a.example.com"], routes: [] });

// Settings and environments
mesh({ folders: { ".": ["shop"] }, defaults: { mtls: "strict", access: "nobody" } });
// @ts-expect-error the defaults are decided, never guessed
mesh({ folders: { ".": ["shop"] } });
route({ to: reviews, timeout: vary({ default: "2s", production: "1s" }) });
// @ts-expect-error there is always a default
vary({ production: "1s" });
// @ts-expect-error every variant has the type that is wanted
route({ to: reviews, timeout: vary({ default: "2s", production: 1 }) });
