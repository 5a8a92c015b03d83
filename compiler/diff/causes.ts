import { decide } from "../../lib/model/decide/index.ts";
import type { Decision } from "../../lib/model/decide/decision.ts";
import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Intents } from "../lower/intents.ts";
import type { Cause, Change } from "./change.ts";

/** One side of a comparison: what was written, and what it means. */
export interface Revision {
  readonly mesh: Mesh;
  readonly intents: Intents;
}

/** Finds what was written that makes a call fare otherwise. */
export class Causes {
  readonly #base: Revision;
  readonly #head: Revision;
  readonly #baseTexts: Authored;
  readonly #headTexts: Authored;

  constructor(base: Revision, head: Revision) {
    this.#base = base;
    this.#head = head;
    this.#baseTexts = new Authored(base.intents);
    this.#headTexts = new Authored(head.intents);
  }

  /**
   * Of the values that decide the call, in either revision, those that are not written alike in both; where all are, the
   * values that decide it where its ways part.
   */
  of(call: Call, kind?: Change["kind"]): readonly Cause[] {
    const all = outermostLast(this.#all(call));
    const wanted = kind === undefined ? undefined : properties[kind];
    const meant =
      wanted === undefined ? [] : all.filter(({ origin }) => origin.path.some((step) => wanted.includes(step)));
    return meant.length > 0 ? meant : all;
  }

  #all(call: Call): readonly Cause[] {
    const base = deciding(decide({ client: this.#base.mesh, server: this.#base.mesh }, call));
    const head = deciding(decide({ client: this.#head.mesh, server: this.#head.mesh }, call));
    const changed = [
      ...head.filter((origin) => this.isChanged(origin)).map((origin) => ({ revision: "head", origin }) as const),
      ...base
        .filter((origin) => this.#headTexts.text(origin) === undefined)
        .map((origin) => ({ revision: "base", origin }) as const),
    ];
    if (changed.length > 0) return distinct(changed);
    const rewritten = base
      .filter((origin) => this.isChanged(origin))
      .map((origin) => ({ revision: "head", origin }) as const);
    if (rewritten.length > 0) return distinct(rewritten);
    const alike = new Set(base.map(keyOf));
    return distinct(head.filter((origin) => !alike.has(keyOf(origin))).map((origin) => ({ revision: "head", origin })));
  }

  /** The policies that one revision has and the other has not, or not so, if they speak of a property. */
  ofPolicies(isMeant: (about: string) => boolean, ...property: readonly string[]): readonly Cause[] {
    const found: Cause[] = [];
    for (const [revision, { intents }] of [
      ["head", this.#head],
      ["base", this.#base],
    ] as const)
      for (const { intent, origin } of intents.policies) {
        const place = at(origin, ...property);
        const [mine, theirs] = [this.#headTexts.text(place), this.#baseTexts.text(place)];
        if (mine === theirs || !isMeant(intent.about.$id)) continue;
        if (revision === "head" ? mine !== undefined : mine === undefined) found.push({ revision, origin: place });
      }
    return found;
  }

  isChanged(origin: Origin): boolean {
    return this.#baseTexts.text(origin) !== this.#headTexts.text(origin);
  }
}

/** The values that decided a call, the last first: they are the nearest to what differs. */
const deciding = ({ branches }: Decision): readonly Origin[] =>
  branches.flatMap(({ ends }) => ends.flatMap(({ steps }) => steps.flatMap(({ origin }) => origin ?? []))).reverse();

/** Where authors write what a change is of. */
const properties: Partial<Record<Change["kind"], readonly (string | number)[]>> = {
  access: ["allow", "deny", "access"],
  routing: ["routes"],
  resilience: ["routes", "timeout", "retries"],
  headers: ["routes"],
  tls: ["mtls", "tls"],
};

/** Without a policy as a whole where something within it is named. */
const outermostLast = (causes: readonly Cause[]): readonly Cause[] =>
  causes.filter(
    ({ origin }) =>
      !causes.some(
        (other) =>
          other.origin.module === origin.module &&
          other.origin.path.length > origin.path.length &&
          origin.path.every((step, index) => step === other.origin.path[index]),
      ),
  );

const keyOf = ({ module, path }: Origin): string => JSON.stringify([module, path]);

const distinct = (causes: readonly Cause[]): readonly Cause[] => [
  ...new Map(causes.map((cause) => [`${cause.revision} ${keyOf(cause.origin)}`, cause])).values(),
];

/** What was written at a place, as text to compare; undefined where nothing is. */
class Authored {
  readonly #modules = new Map<string, { readonly path: Origin["path"]; readonly value: unknown }[]>();

  constructor({ config, policies, externals, ingresses }: Intents) {
    this.#modules.set("mesh.config.ts", [{ path: [], value: config }]);
    for (const { intent, origin } of [...policies, ...externals, ...ingresses]) {
      const known = this.#modules.get(origin.module);
      const entry = { path: origin.path, value: intent };
      if (known) known.push(entry);
      else this.#modules.set(origin.module, [entry]);
    }
  }

  text({ module, path }: Origin): string | undefined {
    const entry = this.#modules
      .get(module)
      ?.find((candidate) => candidate.path.every((step, index) => step === path[index]));
    if (entry === undefined) return undefined;
    const value = path
      .slice(entry.path.length)
      .reduce<unknown>(
        (found, step) =>
          typeof found === "object" && found !== null ? (found as Record<string | number, unknown>)[step] : undefined,
        entry.value,
      );
    return JSON.stringify(value);
  }
}
