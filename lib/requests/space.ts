import type { PathNormalization } from "../graph/platform.ts";
import type { HttpRequest } from "../model/call.ts";
import { Diagrams, type Diagram } from "./diagrams.ts";
import { headerAnswers, headerLinesFor } from "./header-lines.ts";
import { answerTo, keyOf, type HeaderTest, type RequestTest, type StringTest } from "./request-test.ts";
import {
  anyHost,
  hosts,
  methods,
  paths,
  stringRegions,
  type Hosts,
  type Region,
  type Strings,
} from "./string-regions.ts";

type Dimension = StringTest["of"];

/**
 * All requests there can be, and sets of them as diagrams. Not every combination of answers has a request: no path is two
 * paths, and who begins with `/a/b` begins with `/a`.
 */
export class Space {
  readonly diagrams: Diagrams;
  readonly normalization: PathNormalization;
  readonly #kept = new Map<Hosts, Map<string, readonly Region<StringTest>[]>>();
  readonly #possible = new Map<Hosts, Map<string, Diagram>>();

  constructor(normalization: PathNormalization, diagrams = new Diagrams()) {
    this.normalization = normalization;
    this.diagrams = diagrams;
  }

  /** Those of a set that some request has: the only form in which "is it empty" means anything. */
  inhabited(set: Diagram, limit: Hosts = anyHost): Diagram {
    if (set === this.diagrams.no) return set;
    return this.diagrams.and(set, this.#constraint(this.diagrams.asked(set), limit));
  }

  /** Combinations of the answers that a set asks for which no request gives. */
  impossible(set: Diagram, limit: Hosts = anyHost): Diagram {
    return this.diagrams.not(this.#constraint(this.diagrams.asked(set), limit));
  }

  isEmpty(set: Diagram, limit: Hosts = anyHost): boolean {
    return this.inhabited(set, limit) === this.diagrams.no;
  }

  /** One request of a set, as plain as can be; undefined where there is none. */
  witness(set: Diagram, limit: Hosts = anyHost): HttpRequest | "connection" | undefined {
    const { diagrams } = this;
    const inhabited = this.inhabited(set, limit);
    if (inhabited === diagrams.no) return undefined;
    const tests = diagrams.asked(inhabited);
    const held = new Set(this.#plainest(inhabited).map(keyOf));
    const holds = (test: RequestTest): boolean => held.has(keyOf(test));
    if (tests.some((test) => test.of === "connection" && holds(test))) return "connection";
    const sample = (of: Dimension): string =>
      this.#regions(of, tests, limit).find(({ holds: answers }) =>
        stringTests(of, tests).every((test) => answers.has(test) === holds(test)),
      )!.sample;
    const found: HttpRequest = {
      method: sample("method"),
      target: sample("path"),
      host: sample("host"),
      headers: [...headersOf(tests)].flatMap(([name, asked]) =>
        headerLinesFor(asked, holds).map((line) => [name, line] as const),
      ),
    };
    return this.#plainer(found, inhabited, tests, limit);
  }

  /** Whether a request whose path is already normalised is in a set. */
  has(set: Diagram, request: HttpRequest | "connection"): boolean {
    return this.diagrams.evaluated(set, (test) => answerTo(test, request));
  }

  #constraint(tests: readonly RequestTest[], limit: Hosts): Diagram {
    let known = this.#possible.get(limit);
    if (known === undefined) this.#possible.set(limit, (known = new Map<string, Diagram>()));
    const key = tests.map(keyOf).join("\u0001");
    const made = known.get(key) ?? this.#madeConstraint(tests, limit);
    known.set(key, made);
    return made;
  }

  #madeConstraint(tests: readonly RequestTest[], limit: Hosts): Diagram {
    const { diagrams } = this;
    const http = [
      ...(["host", "method", "path"] as const).flatMap((of) => {
        const asked = stringTests(of, tests);
        if (asked.length === 0) return [];
        const cubes = this.#regions(of, tests, limit).map(({ holds }) => this.#cube(asked, (test) => holds.has(test)));
        return [diagrams.or(...cubes)];
      }),
      ...[...headersOf(tests).values()].map((asked) => headerAnswers(asked, diagrams)),
    ];
    const connection = tests.find((test) => test.of === "connection");
    if (connection === undefined) return diagrams.and(...http);
    const others = tests.filter((test) => test !== connection);
    return diagrams.ite(
      diagrams.test(connection),
      this.#cube(others, () => false),
      diagrams.and(...http),
    );
  }

  #cube<T extends RequestTest>(tests: readonly T[], holds: (test: T) => boolean): Diagram {
    const { diagrams } = this;
    return tests.reduceRight(
      (all, test) =>
        holds(test)
          ? diagrams.ite(diagrams.test(test), all, diagrams.no)
          : diagrams.ite(diagrams.test(test), diagrams.no, all),
      diagrams.yes,
    );
  }

  #regions(of: Dimension, tests: readonly RequestTest[], limit: Hosts): readonly Region<StringTest>[] {
    const asked = stringTests(of, tests);
    // Names are limited to many sets, which differ by nothing but identity.
    const kept = this.#kept.get(limit) ?? new Map<string, readonly Region<StringTest>[]>();
    this.#kept.set(limit, kept);
    const key = `${of} ${asked.map(keyOf).join("\u0001")}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const strings: Strings = of === "host" ? hosts(limit) : of === "method" ? methods : paths(this.normalization);
    const made = stringRegions(asked, strings);
    kept.set(key, made);
    return made;
  }

  /** The tests that hold on a way to `yes` on which the fewest do; what it does not ask need not hold. */
  #plainest(set: Diagram): readonly RequestTest[] {
    interface Way {
      readonly cost: number;
      readonly test?: RequestTest;
      readonly next?: Way;
    }
    const { diagrams } = this;
    const memo = new Map<Diagram, Way>();
    const visit = (at: Diagram): Way => {
      const known = memo.get(at);
      if (known !== undefined) return known;
      const split = diagrams.split(at);
      let way: Way;
      if (split === undefined) way = { cost: at === diagrams.yes ? 0 : Infinity };
      else {
        const low = visit(split.low);
        const high = visit(split.high);
        const cost = high.cost + costOf(split.test);
        way = low.cost <= cost ? low : { cost, test: split.test, next: high };
      }
      memo.set(at, way);
      return way;
    };
    const held: RequestTest[] = [];
    for (let way: Way | undefined = visit(set); way !== undefined; way = way.next) if (way.test) held.push(way.test);
    return held;
  }

  /** The same set's request with the first familiar values that keep it in the set. */
  #plainer(request: HttpRequest, set: Diagram, tests: readonly RequestTest[], limit: Hosts): HttpRequest {
    let plain = request;
    for (const [of, property] of [
      ["host", "host"],
      ["method", "method"],
      ["path", "target"],
    ] as const) {
      const better = this.#regions(of, tests, limit).find(({ sample }) =>
        this.has(set, { ...plain, [property]: sample }),
      );
      if (better) plain = { ...plain, [property]: better.sample };
    }
    return plain;
  }
}

/** How strange a request looks for a test that holds. */
const costOf = (test: RequestTest): number => (test.of === "connection" ? 8 : test.of === "header" ? 2 : 1);

const stringTests = (of: Dimension, tests: readonly RequestTest[]): readonly StringTest[] =>
  tests.filter((test): test is StringTest => test.of === of);

const headersOf = (tests: readonly RequestTest[]): ReadonlyMap<string, readonly HeaderTest[]> => {
  const found = new Map<string, HeaderTest[]>();
  for (const test of tests) {
    if (test.of !== "header") continue;
    const known = found.get(test.name);
    if (known) known.push(test);
    else found.set(test.name, [test]);
  }
  return found;
};
