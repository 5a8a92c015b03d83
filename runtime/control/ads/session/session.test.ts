import { expect, test } from "vitest";
import type { ServedType } from "../../served-type.ts";
import type { View } from "../../view.ts";
import { resource, viewWith, type Contents } from "../testing.ts";
import { typeStatuses } from "../status.ts";
import type { DeltaRequest, SetRequest } from "./message.ts";
import { session, type SessionLimits } from "./session.ts";

const limits: SessionLimits = { names: 20, responseBytes: 1 << 20, subscriptionMs: 1000, drainMs: 0 };

/** A conversation: what is asked, and what leaves because of it, in few words. */
const conversation = (protocol: "delta" | "sotw", first: Contents, changed: Partial<SessionLimits> = {}) => {
  const talk = session(protocol, viewWith(first), { ...limits, ...changed });
  const nonces = new Map<ServedType, string>();
  let now = 0;
  const out = (): readonly string[] => {
    const said: string[] = [];
    for (let response = talk.next(now); response; response = talk.next(now)) {
      nonces.set(response.type, response.nonce);
      const resources = response.resources.map(({ name, version }) => `${name}@${version}`);
      said.push(`${response.type}: ${[...resources, ...response.removed.map((name) => `-${name}`)].join(" ")}`.trim());
    }
    return said;
  };
  const request = (type: ServedType, what: Partial<DeltaRequest & SetRequest>) => ({
    type,
    nonce: "",
    error: undefined,
    subscribe: [],
    unsubscribe: [],
    names: [],
    initialVersions: new Map<string, string>(),
    ...what,
  });
  const asked = (type: ServedType, what: Partial<DeltaRequest & SetRequest> = {}) => {
    if (protocol === "delta") talk.receivedDelta(request(type, what), now);
    else talk.receivedSet(request(type, what), now);
    return out();
  };
  return {
    asked,
    acks: (type: ServedType, what: Partial<DeltaRequest & SetRequest> = {}) =>
      asked(type, { nonce: nonces.get(type) ?? "", ...what }),
    nacks: (type: ServedType, error: string, what: Partial<DeltaRequest & SetRequest> = {}) =>
      asked(type, { nonce: nonces.get(type) ?? "", error, ...what }),
    shows: (contents: Contents | View) => {
      talk.viewed("size" in (contents.cluster ?? {}) ? (contents as View) : viewWith(contents as Contents));
      return out();
    },
    after: (ms: number) => {
      now += ms;
      return out();
    },
    synced: talk.synced,
    refused: (type: ServedType) => typeStatuses(talk.ledgers)[type]?.refused ?? new Map<string, string>(),
    lastRefusal: (type: ServedType) => typeStatuses(talk.ledgers)[type]?.lastRefusal,
    outcome: (type: ServedType, what: Partial<DeltaRequest>) => talk.receivedDelta(request(type, what), now),
  };
};

const r = resource;

test("a first request for no clusters asks for all, and is answered even by nothing", () => {
  const talk = conversation("delta", { cluster: [r("a", "1"), r("b", "1")] });
  expect(talk.asked("cluster")).toEqual(["cluster: a@1 b@1"]);
  expect(conversation("delta", {}).asked("cluster")).toEqual(["cluster:"]);
  expect(conversation("sotw", {}).asked("cluster")).toEqual(["cluster:"]);
  expect(conversation("delta", { routes: [r("a", "1")] }).asked("routes")).toEqual([]);
});

test("who asks for all listeners is expected to ask for clusters first, for a while", () => {
  const talk = conversation("delta", world("a"));
  expect(talk.asked("listener")).toEqual([]);
  expect(talk.after(1000)).toEqual(["listener: l@1"]);
  expect(conversation("delta", world("a")).asked("listener", { subscribe: ["l"] })).toEqual(["listener: l@1"]);
});

test("`*` asks for all of any type, and can be let go", () => {
  const talk = conversation("delta", { routes: [r("a", "1")] });
  expect(talk.asked("routes", { subscribe: ["*"] })).toEqual(["routes: a@1"]);
  expect(talk.acks("routes")).toEqual([]);
  expect(talk.asked("routes", { unsubscribe: ["*"] })).toEqual([]);
  expect(talk.shows({ routes: [r("a", "2"), r("b", "1")] })).toEqual([]);
});

test("a name left while `*` still covers it is answered", () => {
  const talk = conversation("delta", { cluster: [r("a", "1")] });
  talk.asked("cluster", { subscribe: ["*", "a", "z"] });
  talk.acks("cluster");
  expect(talk.asked("cluster", { unsubscribe: ["a"] })).toEqual(["cluster: a@1"]);
  talk.acks("cluster");
  expect(talk.asked("cluster", { unsubscribe: ["z"] })).toEqual(["cluster: -z"]);
});

test("an absent name is answered at once, remembered, and sent when it appears", () => {
  const talk = conversation("delta", { endpoints: [r("a", "1")] });
  expect(talk.asked("endpoints", { subscribe: ["a", "b"] })).toEqual(["endpoints: a@1 -b"]);
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.shows({ endpoints: [r("a", "1"), r("b", "1")] })).toEqual(["endpoints: b@1"]);
});

test("a name asked for again is sent again, and a duplicate is one name", () => {
  const talk = conversation("delta", { endpoints: [r("a", "1")] });
  expect(talk.asked("endpoints", { subscribe: ["a", "a"] })).toEqual(["endpoints: a@1"]);
  talk.acks("endpoints");
  expect(talk.asked("endpoints", { subscribe: ["a"] })).toEqual(["endpoints: a@1"]);
});

test("what is asked for while a response is under way is sent after it, even the same name", () => {
  const talk = conversation("delta", { endpoints: [r("a", "1")] });
  talk.asked("endpoints", { subscribe: ["a"] });
  expect(talk.asked("endpoints", { unsubscribe: ["a"] })).toEqual([]);
  expect(talk.asked("endpoints", { subscribe: ["a"] })).toEqual([]);
  expect(talk.acks("endpoints")).toEqual(["endpoints: a@1"]);
});

test("a stale nonce changes the subscription, and acknowledges or refuses nothing", () => {
  const talk = conversation("delta", { endpoints: [r("a", "1"), r("b", "1")] });
  talk.asked("endpoints", { subscribe: ["a"] });
  expect(talk.asked("endpoints", { nonce: "999", error: "no", subscribe: ["b"] })).toEqual([]);
  expect(talk.synced()).toBe(false);
  expect(talk.acks("endpoints")).toEqual(["endpoints: b@1"]);
  talk.acks("endpoints");
  expect(talk.synced()).toBe(true);
});

test("a name that was left is not heard of any more", () => {
  const talk = conversation("delta", { endpoints: [r("a", "1"), r("b", "1")] });
  talk.asked("endpoints", { subscribe: ["a", "b"] });
  talk.acks("endpoints", { unsubscribe: ["a"] });
  expect(talk.shows({ endpoints: [r("b", "1")] })).toEqual([]);
  expect(talk.shows({ endpoints: [r("a", "2"), r("b", "2")] })).toEqual(["endpoints: b@2"]);
});

test("who comes back is told the difference, with what is gone, after all that it had was asked for", () => {
  const talk = conversation("delta", { cluster: [r("a", "1"), r("b", "2")], endpoints: [r("a", "1"), r("b", "1")] });
  const had = (versions: Record<string, string>) => ({ initialVersions: new Map(Object.entries(versions)) });
  expect(talk.asked("cluster", had({ a: "1", b: "1", gone: "1" }))).toEqual(["cluster: b@2"]);
  // The cluster that was sent warms again: its endpoints are sent although their version is known.
  expect(talk.asked("endpoints", { subscribe: ["a", "b", "gone"], ...had({ a: "1", b: "1", gone: "1" }) })).toEqual([
    "endpoints: b@1",
  ]);
  talk.acks("cluster");
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.asked("listener", had({}))).toEqual(["listener:"]);
  talk.acks("listener");
  expect(talk.asked("routes")).toEqual(["cluster: -gone"]);
  expect(talk.acks("cluster")).toEqual(["endpoints: -gone"]);
});

test("endpoints follow their cluster whenever it is sent", () => {
  for (const protocol of ["delta", "sotw"] as const) {
    const talk = conversation(protocol, { cluster: [r("a", "1")], endpoints: [r("a", "1")] });
    talk.asked("cluster");
    talk.asked("endpoints", { subscribe: ["a"], names: ["a"] });
    talk.acks("endpoints", { names: ["a"] });
    talk.acks("cluster");
    expect(talk.shows({ cluster: [r("a", "2")], endpoints: [r("a", "1")] })).toEqual([
      "cluster: a@2",
      "endpoints: a@1",
    ]);
  }
});

const world = (cluster: string, version = "1"): Contents => ({
  cluster: [r(cluster, version)],
  endpoints: [r(cluster, "1")],
  listener: [r("l", "1", ["r"])],
  routes: [r("r", cluster, [cluster])],
});

/** A proxy that has all of `world("a")`. */
const proxy = (protocol: "delta" | "sotw", changed: Partial<SessionLimits> = {}) => {
  const talk = conversation(protocol, world("a"), changed);
  talk.asked("cluster");
  talk.asked("endpoints", { subscribe: ["a"], names: ["a"] });
  talk.acks("endpoints", { names: ["a"] });
  talk.acks("cluster");
  talk.asked("listener");
  talk.acks("listener");
  talk.asked("routes", { subscribe: ["r"], names: ["r"] });
  talk.acks("routes", { names: ["r"] });
  expect(talk.synced()).toBe(true);
  return talk;
};

test("what is new is made before what is old is broken, each on the acknowledgement of the other", () => {
  const talk = proxy("delta");
  expect(talk.shows(world("b"))).toEqual(["cluster: b@1"]);
  expect(talk.asked("endpoints", { subscribe: ["b"] })).toEqual(["endpoints: b@1"]);
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.acks("cluster")).toEqual(["routes: r@b"]);
  expect(talk.acks("routes")).toEqual(["cluster: -a"]);
  expect(talk.acks("cluster")).toEqual(["endpoints: -a"]);
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.synced()).toBe(true);
});

test("endpoints of another name come for the cluster that asks for them, and those before it stay until it is taken", () => {
  const talk = proxy("delta");
  const changed = { ...world("a"), cluster: [r("a", "2", ["e"])], endpoints: [r("e", "1")] };
  expect(talk.shows(changed)).toEqual(["cluster: a@2"]);
  expect(talk.asked("endpoints", { subscribe: ["e"] })).toEqual(["endpoints: e@1"]);
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.acks("cluster")).toEqual(["endpoints: -a"]);
  expect(talk.acks("endpoints", { unsubscribe: ["a"] })).toEqual([]);
  expect(talk.synced()).toBe(true);
});

test("who changes its mind before the endpoints of a cluster are asked for sends them all the same, and then the others", () => {
  for (const protocol of ["delta", "sotw"] as const) {
    const talk = proxy(protocol);
    const to = (version: string, endpoints: string): Contents => ({
      ...world("a"),
      cluster: [r("a", version, [endpoints])],
      endpoints: [r(endpoints, "1")],
    });
    expect(talk.shows(to("2", "e2"))).toEqual(["cluster: a@2"]);
    expect(talk.shows(to("3", "e3"))).toEqual([]);
    expect(talk.asked("endpoints", { subscribe: ["e2"], names: ["a", "e2"] })).toEqual(["endpoints: e2@1"]);
    expect(talk.acks("endpoints", { names: ["a", "e2"] })).toEqual([]);
    expect(talk.acks("cluster")).toEqual(["cluster: a@3"]);
    expect(talk.asked("endpoints", { unsubscribe: ["a"], subscribe: ["e3"], names: ["e2", "e3"] })).toEqual([
      "endpoints: e3@1",
    ]);
    talk.acks("endpoints", { unsubscribe: ["e2"], names: ["e3"] });
    talk.acks("cluster");
    expect(talk.synced()).toBe(true);
  }
});

test("a refused cluster that is taken back has its own endpoints again", () => {
  const talk = proxy("delta");
  const other = { cluster: [r("a", "2", ["e"])], endpoints: [r("e", "1")] };
  expect(talk.shows({ ...world("a"), ...other })).toEqual(["cluster: a@2"]);
  talk.nacks("cluster", "a: no");
  const more = { cluster: [...other.cluster, r("b", "1")], endpoints: [...other.endpoints, r("b", "1")] };
  expect(talk.shows({ ...world("a"), ...more })).toEqual(["cluster: b@1 a@1", "endpoints: a@1"]);
});

test("endpoints under a name that their cluster says wait until it is on its way, and are sent with it", () => {
  const named = (version: string, placed: string): Contents => ({
    cluster: [r("a", version, ["e"])],
    endpoints: [r("e", placed)],
  });
  const talk = conversation("delta", named("1", "1"));
  talk.asked("cluster");
  talk.asked("endpoints", { subscribe: ["e"] });
  talk.acks("endpoints");
  talk.acks("cluster");
  expect(talk.shows(named("2", "1"))).toEqual(["cluster: a@2", "endpoints: e@1"]);
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.shows(named("3", "2"))).toEqual([]);
  expect(talk.acks("cluster")).toEqual(["cluster: a@3", "endpoints: e@2"]);
});

test("a set of clusters is the union first, and then without the old", () => {
  const talk = proxy("sotw");
  expect(talk.shows(world("b"))).toEqual(["cluster: a@1 b@1"]);
  expect(talk.asked("endpoints", { names: ["a", "b"] })).toEqual(["endpoints: b@1"]);
  expect(talk.acks("endpoints", { names: ["a", "b"] })).toEqual([]);
  expect(talk.acks("cluster")).toEqual(["routes: r@b"]);
  expect(talk.acks("routes", { names: ["r"] })).toEqual(["cluster: b@1 -a"]);
});

test("listeners change before routes, secrets before clusters", () => {
  const talk = proxy("delta");
  talk.asked("secret", { subscribe: ["s"] });
  talk.acks("secret");
  const next = {
    ...world("a", "2"),
    secret: [r("s", "1")],
    listener: [r("l", "2", ["r"])],
    routes: [r("r", "2", ["a"])],
  };
  expect(talk.shows(next)).toEqual(["secret: s@1"]);
  expect(talk.acks("secret")).toEqual(["cluster: a@2", "endpoints: a@1"]);
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.acks("cluster")).toEqual(["listener: l@2"]);
  expect(talk.acks("listener")).toEqual(["routes: r@2"]);
});

test("a client that never asks for endpoints holds up the rest for a while, not for ever", () => {
  const talk = proxy("delta");
  talk.shows(world("b"));
  expect(talk.acks("cluster")).toEqual([]);
  expect(talk.after(999)).toEqual([]);
  expect(talk.after(1)).toEqual(["routes: r@b"]);
});

test("a newer view supersedes what was not sent", () => {
  const talk = proxy("delta");
  expect(talk.shows(world("b"))).toEqual(["cluster: b@1"]);
  expect(talk.shows(world("c"))).toEqual([]);
  expect(talk.acks("cluster")).toEqual(["cluster: c@1"]);
  talk.asked("endpoints", { subscribe: ["b", "c"] });
  talk.acks("endpoints");
  expect(talk.acks("cluster")).toEqual(["routes: r@c"]);
  expect(talk.acks("routes")).toEqual(["cluster: -a -b"]);
});

test("a refused cluster stays refused until it changes, and what needs it stays away, and nothing goes", () => {
  for (const protocol of ["delta", "sotw"] as const) {
    const talk = proxy(protocol);
    talk.shows(world("b"));
    expect(talk.nacks("cluster", "b: no")).toEqual([]);
    expect(talk.nacks("cluster", "b: no")).toEqual([]);
    expect(talk.after(60_000)).toEqual([]);
    expect(talk.shows(world("b"))).toEqual([]);
    expect(talk.synced()).toBe(false);
    const again = talk.shows(world("b", "2"));
    expect(again).toEqual([protocol === "delta" ? "cluster: b@2" : "cluster: a@1 b@2"]);
  }
});

test("routes that do not need the refused cluster are sent", () => {
  const talk = proxy("delta");
  const next = { ...world("a"), cluster: [r("a", "1"), r("bad", "1")], routes: [r("r", "2", ["a"])] };
  expect(talk.shows(next)).toEqual(["cluster: bad@1"]);
  expect(talk.nacks("cluster", "Error adding cluster(s) bad: no")).toEqual(["routes: r@2"]);
});

test("of a refused response what the message does not name is sent once more, without what it names", () => {
  const talk = conversation("delta", { cluster: [r("bad", "1"), r("good", "1")] });
  talk.asked("cluster");
  expect(talk.nacks("cluster", "bad: no")).toEqual(["cluster: good@1 -bad"]);
  expect(talk.nacks("cluster", "good, too: no")).toEqual([]);
});

test("a refused cluster is taken back with the next response: Envoy would acknowledge none before", () => {
  const talk = proxy("delta");
  talk.shows(world("a", "2"));
  talk.acks("endpoints");
  expect(talk.nacks("cluster", "a: no")).toEqual([]);
  expect(talk.shows({ ...world("a", "2"), cluster: [r("a", "2"), r("c", "1")] })).toEqual([
    "cluster: c@1 a@1",
    "endpoints: a@1",
  ]);
  talk.acks("cluster");
  expect(talk.acks("endpoints")).toEqual([]);
  expect(talk.synced()).toBe(false);
});

test("a refusal is in force, with its words, until what was refused changes: no acknowledgement of the rest ends it", () => {
  for (const protocol of ["delta", "sotw"] as const) {
    const talk = conversation(protocol, { cluster: [r("a", "1")] });
    talk.asked("cluster");
    talk.acks("cluster");
    const both = { cluster: [r("a", "2"), r("b", "1")] };
    talk.shows(both);
    talk.nacks("cluster", "a: no");
    talk.acks("cluster");
    talk.acks("cluster");
    expect([...talk.refused("cluster")]).toEqual([["a", "a: no"]]);
    expect(talk.lastRefusal("cluster")).toEqual({ message: "a: no", resources: ["a"] });
    talk.shows({ cluster: [r("a", "2"), r("b", "2")] });
    talk.nacks("cluster", "b: neither");
    talk.acks("cluster");
    expect([...talk.refused("cluster")]).toEqual([
      ["a", "a: no"],
      ["b", "b: neither"],
    ]);
    talk.shows({ cluster: [r("a", "3"), r("b", "2")] });
    expect([...talk.refused("cluster")]).toEqual([["b", "b: neither"]]);
    talk.acks("cluster");
    talk.shows({ cluster: [r("a", "3"), r("b", "3")] });
    talk.acks("cluster");
    expect(talk.refused("cluster").size).toBe(0);
    expect(talk.lastRefusal("cluster")).toBeUndefined();
  }
});

test("a refused listener keeps its routes as they are", () => {
  const talk = proxy("delta");
  const next = { ...world("a"), listener: [r("l", "2", ["r"])], routes: [r("r", "2", ["a"])] };
  expect(talk.shows(next)).toEqual(["listener: l@2"]);
  expect(talk.nacks("listener", "l: no")).toEqual([]);
  expect(talk.shows({ ...next, listener: [r("l", "3", ["r"])] })).toEqual(["listener: l@3"]);
  expect(talk.acks("listener")).toEqual(["routes: r@2"]);
});

test("clusters outlive the listeners that changed for as long as those drain", () => {
  const talk = proxy("delta", { drainMs: 5000 });
  talk.asked("endpoints", { subscribe: ["b"] });
  talk.acks("endpoints");
  talk.shows({ ...world("b"), listener: [r("l", "2", ["r"])] });
  talk.acks("cluster");
  talk.acks("endpoints");
  expect(talk.acks("listener")).toEqual(["routes: r@b"]);
  expect(talk.acks("routes")).toEqual([]);
  expect(talk.after(5000)).toEqual(["cluster: -a"]);
});

test("a set that is acknowledged and changed at once is both, and so is one that is refused", () => {
  const talk = conversation("sotw", { endpoints: [r("a", "1"), r("b", "1"), r("c", "1")] });
  expect(talk.asked("endpoints", { names: ["a"] })).toEqual(["endpoints: a@1"]);
  expect(talk.acks("endpoints", { names: ["a", "b", "absent"] })).toEqual(["endpoints: b@1"]);
  expect(talk.nacks("endpoints", "no", { names: ["a", "b", "c"] })).toEqual(["endpoints: c@1"]);
  expect(talk.acks("endpoints", { names: ["a", "b", "c"] })).toEqual([]);
});

test("an empty set after a name means nothing, no longer everything", () => {
  const talk = conversation("sotw", { cluster: [r("a", "1"), r("b", "1")] });
  expect(talk.asked("cluster", { names: ["a"] })).toEqual(["cluster: a@1"]);
  expect(talk.acks("cluster", { names: [] })).toEqual([]);
  expect(talk.shows({ cluster: [r("a", "2"), r("b", "1")] })).toEqual([]);
});

test("the version of a set is that of its content", () => {
  const versionOf = (contents: Contents): string | undefined => {
    const talk = session("sotw", viewWith(contents), limits);
    talk.receivedSet({ type: "cluster", names: [], nonce: "", error: undefined }, 0);
    return talk.next(0)?.version;
  };
  const [a, b] = [r("a", "1"), r("b", "1")];
  expect(versionOf({ cluster: [a, b] })).toBe(versionOf({ cluster: [b, a] }));
  expect(versionOf({ cluster: [a, b] })).not.toBe(versionOf({ cluster: [a] }));
});

test("a large difference is split, one response at a time", () => {
  const talk = conversation("delta", { cluster: [r("a", "1"), r("b", "1"), r("c", "1")] }, { responseBytes: 13 });
  expect(talk.asked("cluster")).toEqual(["cluster: a@1 b@1"]);
  expect(talk.acks("cluster")).toEqual(["cluster: c@1"]);
});

test("more names than are allowed end the stream", () => {
  const names = Array.from({ length: 21 }, (_, index) => `n${index}`);
  expect(conversation("delta", {}).outcome("endpoints", { subscribe: names }).kind).toBe("violation");
});

test("a name that nobody could have ends the stream", () => {
  const name = "n".repeat(2000);
  expect(conversation("delta", {}).outcome("endpoints", { subscribe: [name] }).kind).toBe("violation");
  expect(conversation("delta", {}).outcome("endpoints", { initialVersions: new Map([[name, "1"]]) }).kind).toBe(
    "violation",
  );
});

test("what a client says that it holds counts as what it names, but for what there is", () => {
  const held = (names: readonly string[]) => new Map(names.map((name) => [name, "1"]));
  const cluster = ["a", "b", "c", "d", "e", "f"].map((name) => r(name, "1"));
  const few = conversation("delta", { cluster }, { names: 2 });
  expect(few.outcome("cluster", { initialVersions: held([...cluster.map(({ name }) => name), "x", "y"]) })).toEqual({
    kind: "asked",
  });
  const many = conversation("delta", { cluster }, { names: 2 });
  expect(many.outcome("cluster", { initialVersions: held(["x", "y", "z"]) }).kind).toBe("violation");
});
