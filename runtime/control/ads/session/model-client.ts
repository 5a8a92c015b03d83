/** A client for the properties: it applies what it is told, late and in odd orders, and refuses what is poisoned. */
import { servedTypes, type ServedType } from "../../served-type.ts";
import type { Served, View } from "../../view.ts";
import { mentions } from "./mentions.ts";
import type { Response } from "./message.ts";
import { session, type Protocol, type Session, type SessionLimits } from "./session.ts";

export interface Behaviour {
  readonly protocol: Protocol;
  /** As Envoy does: clusters are acknowledged when all of them have their endpoints. */
  readonly warms: boolean;
  /** Whether the good part of a refused response is applied. */
  readonly partial: boolean;
  /** Whether a refusal says which. */
  readonly names: boolean;
}

interface Sent {
  readonly type: ServedType;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly nonce: string;
  readonly error: string | undefined;
}

const limits: SessionLimits = { names: 1000, responseBytes: 60, subscriptionMs: 1000, drainMs: 0 };
export const isPoisoned = ({ version }: Served): boolean => version.endsWith("!");

export class ModelClient {
  now = 0;
  readonly held = Object.fromEntries(servedTypes.map((type) => [type, new Map()])) as Record<
    ServedType,
    Map<string, Served>
  >;
  readonly subscribed = Object.fromEntries(servedTypes.map((type) => [type, new Set()])) as Record<
    ServedType,
    Set<string>
  >;
  /** Endpoints that were answered, be it by their absence. */
  private readonly answered = new Set<string>();
  /** Endpoints that it was told are not there, by this server and those before. */
  readonly absent = new Set<string>();
  /** Servers know nothing of what a client had of others. */
  reconnections = 0;
  readonly responses: Response[] = [];
  private up: Sent[] = [];
  private down: Response[] = [];
  private warming: Sent | undefined;
  private lastNonce: Partial<Record<ServedType, string>> = {};
  private server: Session;
  readonly behaviour: Behaviour;
  view: View;

  constructor(behaviour: Behaviour, view: View) {
    this.behaviour = behaviour;
    this.view = view;
    this.server = session(behaviour.protocol, view, limits);
    this.started();
  }

  viewed(view: View): void {
    this.view = view;
    this.server.viewed(view);
    this.pumped();
  }

  synced(): boolean {
    return this.server.synced();
  }

  /** The stream breaks, with what was under way; another server, which knows nothing, takes over. */
  reconnected(): void {
    this.up = [];
    this.down = [];
    this.warming = undefined;
    this.lastNonce = {};
    this.reconnections += 1;
    this.server = session(this.behaviour.protocol, this.view, limits);
    this.started();
  }

  asked(type: ServedType, names: readonly string[]): void {
    for (const name of names) this.subscribed[type].add(name);
    this.queued(type, { subscribe: names });
  }

  left(type: ServedType, names: readonly string[]): void {
    for (const name of names) {
      this.subscribed[type].delete(name);
      this.held[type].delete(name);
      if (type === "endpoints") this.answered.delete(name);
    }
    this.queued(type, { unsubscribe: names });
  }

  /** One request reaches the server; false when there is none. */
  requestArrives(): boolean {
    const request = this.up.shift();
    if (request === undefined) return false;
    if (this.behaviour.protocol === "delta") this.server.receivedDelta(request, this.now);
    else this.server.receivedSet(request, this.now);
    this.pumped();
    return true;
  }

  /** One response reaches the client; false when there is none. */
  responseArrives(): boolean {
    const response = this.down.shift();
    if (response === undefined) return false;
    this.applied(response);
    return true;
  }

  passed(ms: number): void {
    this.now += ms;
    this.pumped();
  }

  private pumped(): void {
    for (let response = this.server.next(this.now); response; response = this.server.next(this.now)) {
      this.down.push(response);
      this.responses.push(response);
      if (this.responses.length > 20_000) throw new Error("the server spins");
    }
  }

  private started(): void {
    for (const type of servedTypes) {
      const isAll = type === "cluster" || type === "listener";
      const names = [...this.subscribed[type]];
      if (!isAll && names.length === 0) continue;
      const versions = new Map([...this.held[type]].map(([name, { version }]) => [name, version]));
      this.queued(type, { subscribe: isAll ? [] : names, initialVersions: versions });
    }
  }

  private queued(type: ServedType, what: Partial<Sent>): void {
    this.up.push({
      type,
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      names: [...this.subscribed[type]],
      nonce: this.behaviour.protocol === "delta" ? "" : (this.lastNonce[type] ?? ""),
      error: undefined,
      ...what,
    });
  }

  private applied({ type, nonce, resources, removed }: Response): void {
    const bad = resources.filter(isPoisoned);
    this.lastNonce[type] = nonce;
    const isSet = this.behaviour.protocol === "sotw" && (type === "cluster" || type === "listener");
    if (bad.length === 0 || this.behaviour.partial) {
      const good = resources.filter((served) => !isPoisoned(served));
      for (const served of good) if (this.wants(type, served.name)) this.held[type].set(served.name, served);
      const kept = new Set(resources.map(({ name }) => name));
      for (const name of isSet ? [...this.held[type].keys()].filter((name) => !kept.has(name)) : removed)
        this.held[type].delete(name);
      if (type === "endpoints") {
        for (const name of [...kept, ...removed]) this.answered.add(name);
        for (const name of removed) this.absent.add(name);
        for (const name of kept) this.absent.delete(name);
      }
      if (type === "cluster") this.followed("endpoints", this.mentioned("cluster", "e"));
      if (type === "listener") this.followed("routes", this.mentioned("listener", "r"));
    }
    const error =
      bad.length === 0
        ? undefined
        : this.behaviour.names
          ? `bad: ${bad.map(({ name }) => name).join(", ")}: no`
          : "bad";
    const answer: Partial<Sent> = { nonce, error };
    if (type === "cluster" && this.behaviour.warms && error === undefined && this.cold()) {
      this.queued(type, answer);
      this.warming = this.up.pop();
    } else this.queued(type, { ...answer, names: [...this.subscribed[type]] });
    if (type === "endpoints" && this.warming !== undefined && !this.cold()) {
      this.up.push(this.warming);
      this.warming = undefined;
    }
  }

  private cold(): boolean {
    return [...this.subscribed.endpoints].some((name) => !this.answered.has(name));
  }

  /** What it holds of a type needs these. */
  private mentioned(type: ServedType, prefix: string): readonly string[] {
    return [...this.held[type].values()].flatMap((served) =>
      [...mentions(served)].filter((name) => name.startsWith(prefix)),
    );
  }

  private followed(type: "endpoints" | "routes", wanted: readonly string[]): void {
    const now = new Set(wanted);
    const fresh = [...now].filter((name) => !this.subscribed[type].has(name));
    const stale = [...this.subscribed[type]].filter((name) => !now.has(name) && !name.startsWith("x"));
    if (fresh.length > 0) this.asked(type, fresh);
    if (stale.length > 0) this.left(type, stale);
  }

  private wants(type: ServedType, name: string): boolean {
    return type === "cluster" || type === "listener" || this.subscribed[type].has(name);
  }
}
