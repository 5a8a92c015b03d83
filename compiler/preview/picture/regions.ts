import { everyRequest, requestWords } from "../../diff/words/requests.ts";
import {
  allDelivered,
  distribution,
  effectWords,
  meaningWords,
  someDelivered,
  type Naming,
} from "../../diff/words/outcomes.ts";
import { percentage } from "../../../lib/model/fraction.ts";
import type { Host } from "../../../lib/model/mesh.ts";
import { cover } from "../../../lib/requests/cover.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import type { Diagram } from "../../../lib/requests/diagrams.ts";
import type { Space } from "../../../lib/requests/space.ts";
import { anyHost, type Hosts } from "../../../lib/requests/string-regions.ts";
import type { PictureShare } from "../page/picture.ts";

/** What is asked of a function: of which of its requests, and which destination they mean to reach. */
export interface Asked {
  readonly does: Diagram<Effects>;
  readonly of: Diagram;
  readonly host: Host | undefined;
  /** What their Host says; any name, if absent. */
  readonly names?: readonly string[];
  readonly isHttp: boolean;
  /** Nobody knows of workloads behind it. */
  readonly isExternal?: boolean;
}

/** What happens to the requests of one function, as an edge tells it. */
export interface Told {
  readonly someDelivered: boolean;
  readonly someRefused: boolean;
  readonly tls: ReadonlySet<"mutual" | "plain" | "originated">;
  /** Of an ordinary request. */
  readonly split: readonly PictureShare[];
  readonly lines: readonly string[];
}

/** Tells functions apart into what happens to which requests; callers who are treated alike are told of once. */
export class Regions {
  readonly #space: Space;
  readonly #names: Naming;
  readonly #told = new Map<string, Told>();
  readonly #hosts = new Map<string, Hosts>();

  constructor(space: Space, names: Naming) {
    this.#space = space;
    this.#names = names;
  }

  told(asked: Asked): Told {
    const { does, of, host, names, isHttp } = asked;
    // Whether it is external goes with the host.
    const key = `${does} ${of} ${host ?? ""} ${isHttp} ${names?.join() ?? "*"}`;
    const known = this.#told.get(key) ?? this.#made(asked);
    this.#told.set(key, known);
    return known;
  }

  /** A set in words: alternatives. What is impossible among its requests may be said or not. */
  words(set: Diagram, isHttp: boolean, hosts: Hosts = anyHost): readonly string[] {
    const { diagrams } = this.#space;
    const connections = isHttp ? diagrams.test({ of: "connection" }) : diagrams.no;
    const most = diagrams.or(set, this.#space.impossible(set, hosts), connections);
    const words = requestWords(cover(diagrams.and(set, diagrams.not(connections)), most, diagrams));
    return isHttp ? words : words.map((phrase) => (phrase === everyRequest ? "every connection" : phrase));
  }

  #made({ does, of, host, names, isHttp, isExternal = false }: Asked): Told {
    const { diagrams } = this.#space;
    const hosts = this.#limit(names);
    const found = diagrams.regions(does).flatMap(({ value, set }) => {
      const inhabited = this.#space.inhabited(diagrams.and(set, of), hosts);
      return inhabited === diagrams.no ? [] : [{ value, set: inhabited }];
    });
    const delivered = found.filter(({ value }) => someDelivered(value));
    const ordinary = this.#ordinary(delivered.length > 0 ? delivered : found, hosts);
    const said = new Map<string, { set: Diagram; isOrdinary: boolean }>();
    for (const { value, set } of found) {
      const meant = meaningWords(value, host, this.#names);
      const words = `${isExternal ? meant.replace(/^any workload/, "the server") : meant}${headerWords(value)}`;
      const known = said.get(words);
      said.set(words, {
        set: known ? diagrams.or(known.set, set) : set,
        isOrdinary: value === ordinary || known?.isOrdinary === true,
      });
    }
    const lines = [...said].map(([words, { set, isOrdinary }]) => ({
      line: `${this.words(set, isHttp, hosts).join("; or ")} → ${words}`,
      isOrdinary,
    }));
    return {
      someDelivered: delivered.length > 0,
      someRefused: found.some(({ value }) => !allDelivered(value)),
      tls: new Set(found.flatMap(({ value }) => tlsOf(value))),
      split: ordinary === undefined ? [] : shares(ordinary, host, this.#names),
      lines: lines
        .sort((a, b) => Number(b.isOrdinary) - Number(a.isOrdinary) || (a.line < b.line ? -1 : 1))
        .map(({ line }) => line),
    };
  }

  /** What happens to the plainest of the requests. */
  #ordinary(found: readonly { readonly value: Effects; readonly set: Diagram }[], hosts: Hosts): Effects | undefined {
    if (found.length < 2) return found[0]?.value;
    const { diagrams } = this.#space;
    const request = this.#space.witness(diagrams.or(...found.map(({ set }) => set)), hosts);
    return found.find(({ set }) => request !== undefined && this.#space.has(set, request))?.value;
  }

  /** The same names are one limit: what follows from it is kept by it. */
  #limit(names: readonly string[] | undefined): Hosts {
    if (names === undefined) return anyHost;
    const known = this.#hosts.get(names.join()) ?? { only: names };
    this.#hosts.set(names.join(), known);
    return known;
  }
}

const tlsOf = (meaning: Effects): readonly ("mutual" | "plain" | "originated")[] =>
  meaning.flatMap(({ ends }) =>
    ends.flatMap(({ outcome }) =>
      outcome.kind !== "delivered"
        ? []
        : [outcome.tls === "mutual" ? "mutual" : outcome.tls === "none" ? "plain" : "originated"],
    ),
  );

const shares = (meaning: Effects, host: Host | undefined, names: Naming): readonly PictureShare[] =>
  [...distribution(meaning, host, names)]
    .map(([label, share]) => ({
      label,
      share: percentage(share),
      fraction: share.numerator / share.denominator,
    }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));

/** What proxies do to the headers of what is delivered, where they do anything. */
const headerWords = (meaning: Effects): string => {
  const [outcome] = meaning.flatMap(({ ends }) =>
    ends.flatMap((end) => (end.outcome.kind === "delivered" ? [end.outcome] : [])),
  );
  if (outcome === undefined) return "";
  const request = outcome.request === "connection" ? [] : outcome.request;
  return [
    request.length === 0 ? "" : `; of the request: ${effectWords(request)}`,
    outcome.response.length === 0 ? "" : `; of the response: ${effectWords(outcome.response)}`,
  ].join("");
};
