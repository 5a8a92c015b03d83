import { PassFailure } from "../failure.ts";
import type { Consent } from "../pass.ts";
import { durationIn } from "./duration.ts";

/** What passes are made by: what flags say, for the rest what a MeshSync's spec says, and where neither says anything the defaults. */
export interface Settings {
  /** Undefined where neither says one. */
  readonly repository: string | undefined;
  readonly branch: string;
  /** "" for the repository's top. */
  readonly path: string;
  readonly environment: string | undefined;
  readonly types: boolean;
  readonly intervalMs: number;
  /** Monitoring ports; none where a time is waited instead. */
  readonly istiod: readonly string[];
  readonly settleMs: number;
  readonly settleTimeoutMs: number;
  readonly consent: Consent;
}

/** What is said on the command line. A consent that is given there cannot be taken back by an object, nor can types that are left out. */
export type Flags = Partial<Settings>;

/** As `install/source/definition.ts` has them too, for whoever reads the object. */
export const defaults = { branch: "main", interval: "1m", settle: "5s", settleTimeout: "2m" } as const;

/** Of each duration the least and the most, in milliseconds: less asks servers without a pause, and more no timer can wait for. */
export const durationBounds = {
  interval: [1000, 86_400_000],
  settle: [0, 3_600_000],
  settleTimeout: [1000, 86_400_000],
} as const satisfies Readonly<Record<string, readonly [least: number, most: number]>>;

export type DurationName = keyof typeof durationBounds;

/** In milliseconds. Throws in words. */
export const durationWithin = (name: DurationName, text: string): number => {
  const [least, most] = durationBounds[name];
  const found = durationIn(text);
  if (found === undefined) throw new Error("write a number and ms, s, m, h or d");
  if (found < least || found > most)
    throw new Error(`write at least ${least / 1000}s and at most ${most / 3_600_000}h`);
  return found;
};

/** Throws a `PassFailure` that names the field of the spec which cannot be used. INVARIANT: no value of it is repeated. */
export const settingsOf = (flags: Flags, spec: unknown): Settings => {
  const source = mapIn(spec, "source", "spec.source");
  const consent = mapIn(spec, "consent", "spec.consent");
  const duration = (name: DurationName): number => {
    const text = valueIn(spec, name, "string", `spec.${name}`) ?? defaults[name];
    try {
      return durationWithin(name, text);
    } catch (error) {
      throw unusable(`spec.${name}`, (error as Error).message);
    }
  };
  const agreed = (name: keyof Consent): boolean =>
    flags.consent?.[name] === true || valueIn(consent, name, "boolean", `spec.consent.${name}`) === true;
  return {
    repository: flags.repository ?? valueIn(source, "url", "string", "spec.source.url"),
    branch: flags.branch ?? valueIn(source, "branch", "string", "spec.source.branch") ?? defaults.branch,
    path: flags.path ?? valueIn(source, "path", "string", "spec.source.path") ?? "",
    environment: flags.environment ?? valueIn(spec, "environment", "string", "spec.environment"),
    types: flags.types !== false && valueIn(spec, "types", "boolean", "spec.types") !== false,
    intervalMs: flags.intervalMs ?? duration("interval"),
    istiod: flags.istiod ?? istiodIn(spec),
    settleMs: flags.settleMs ?? duration("settle"),
    settleTimeoutMs: flags.settleTimeoutMs ?? duration("settleTimeout"),
    consent: { empty: agreed("empty"), unsafe: agreed("unsafe"), adopt: agreed("adopt") },
  };
};

export const unusable = (field: string, why: string): PassFailure =>
  new PassFailure("Fetched", "InvalidSpec", `${field} cannot be used: ${why}`);

/** Its values go into requests with a token: what is no plain address is refused before that. */
const istiodIn = (spec: unknown): readonly string[] => {
  const found = (spec as { readonly istiod?: unknown } | undefined)?.istiod ?? [];
  if (!Array.isArray(found)) throw unusable("spec.istiod", "it is no list");
  return found.map((text: unknown, index) => {
    const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
    if (
      url === undefined ||
      !["http:", "https:"].includes(url.protocol) ||
      `${url.username}${url.password}${url.search}${url.hash}` !== "" ||
      url.pathname !== "/"
    )
      throw unusable(`spec.istiod[${index}]`, "write http://ADDRESS:PORT");
    return url.href;
  });
};

interface Types {
  readonly string: string;
  readonly boolean: boolean;
}

const valueIn = <T extends keyof Types>(map: unknown, name: string, type: T, field: string): Types[T] | undefined => {
  const found = (map as Readonly<Record<string, unknown>> | undefined)?.[name];
  if (found === undefined || found === null) return undefined;
  if (typeof found !== type) throw unusable(field, `it is no ${type}`);
  return found as Types[T];
};

const mapIn = (spec: unknown, name: string, field: string): unknown => {
  const found = (spec as Readonly<Record<string, unknown>> | undefined)?.[name];
  if (found === undefined || found === null) return undefined;
  if (typeof found !== "object") throw unusable(field, "it is no map");
  return found;
};
