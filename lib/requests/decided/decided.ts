import type { Call } from "../../model/call.ts";
import type { DeliveredRequest, Meaning } from "../../model/decide/meaning.ts";
import { lookup } from "../../model/lookup.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { Diagram } from "../diagrams.ts";
import { answerTo, hostOfRequest } from "../request-test.ts";
import type { Space } from "../space.ts";
import { Decisions } from "./decisions.ts";
import { realised, type Effects } from "./meanings.ts";
import { callersOf, type Way } from "./reach.ts";

/**
 * The exact meaning of a mesh: of every call, by the function that holds for all calls which take the same way. While a
 * change rolls out, callers' proxies may hold another revision than callees'.
 */
export class Decided {
  /** What callers' proxies hold. */
  readonly mesh: Mesh;
  readonly decisions: Decisions;
  readonly callers: ReturnType<typeof callersOf>;

  readonly #space: Space;

  constructor(mesh: Mesh, space: Space, server = mesh) {
    this.#space = space;
    this.mesh = mesh;
    this.decisions = new Decisions({ client: mesh, server }, space.diagrams);
    this.callers = callersOf(mesh);
  }

  /** Whether something holds of what happens to some request. */
  readonly happens = (diagram: Diagram<Effects>, holds: (meaning: Effects) => boolean): boolean =>
    !this.#space.isEmpty(this.#space.diagrams.mapped(diagram, holds));

  /** What happens to everything that takes a way. */
  along(way: Way, from: Call["from"], to: Call["to"], port: number): Diagram<Effects> {
    const identity = from === "outside" ? undefined : lookup(this.mesh).workload(from)?.identity;
    switch (way.kind) {
      case "routed":
        return this.decisions.routed(identity!, way.host, port);
      case "whole":
        return this.decisions.whole(identity!, way.host, port);
      case "direct":
        return way.readsHttp ? this.decisions.passed(to, port) : this.decisions.direct(to, port);
      case "refused":
        return this.decisions.refused(way.reason);
    }
  }

  /** What happens to one call whose path is normalised: what `decide` says of it, worked out the other way round. */
  meaning(call: Call, space: Space): Meaning<DeliveredRequest> {
    const { from, to, port, request } = call;
    const name = request === "connection" ? undefined : hostOfRequest(request);
    const way = this.callers.way(from, to.kind === "destination" ? to.host : undefined, port, name);
    const effects = space.diagrams.evaluated(this.along(way, from, to, port), (test) => answerTo(test, request));
    return realised(effects, request);
  }
}
