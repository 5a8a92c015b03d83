import { types } from "node:util";
import type { AheadModule, Outcome, Problem, SentModule, Settings, TaskModule, ThrownAt } from "./protocol.ts";
import { plainCheck } from "./plain-data.ts";
import type { Realm } from "./realm.ts";
import type { Trace } from "./trace.ts";

/** Where an evaluation tells what it does while it does it. */
export interface Report {
  /** Told before a module runs, so that whoever kills this process knows which one it was. */
  readonly mark: (module: number) => void;
  /** A `Value` as JSON. */
  readonly value: (json: string) => void;
}

type Exports = Record<string, unknown>;
type Body = (link: Link, exports: Exports, trace: unknown, compiler: Library | undefined) => void;
interface Link {
  (specifier: string): Exports;
  readonly all: (exports: Exports, specifier: string) => void;
}

/** What the library may tell us while modules run. */
export interface Library {
  readonly environment?: string;
  readonly varies: (environments: unknown) => void;
  readonly made: (intent: unknown) => void;
}

/** Collects what the running module tells; the words are checked again by whoever reads them. */
export const library = (environment: string | undefined) => {
  const named: { readonly module: number; readonly environment: string }[] = [];
  const made: { readonly module: number; readonly intent: unknown }[] = [];
  const running = { module: -1 };
  const value: Library = {
    ...(environment !== undefined && { environment }),
    varies: (environments) => {
      if (!Array.isArray(environments)) return;
      if (environments.length > 100) throw new RangeError("a value varies between more than 100 environments");
      for (const name of environments as readonly unknown[]) {
        if (typeof name === "string" && name.length < 100 && named.length < 100_000) {
          named.push({ module: running.module, environment: name });
        }
      }
    },
    made: (intent) => {
      made.push({ module: running.module, intent });
    },
  };
  return { value, named, made, running };
};

/** Evaluates the modules in their order. A module whose imports failed is left out: it has nothing to say of its own. */
export const evaluation = (
  { largestResult, locate }: Settings,
  modules: Iterable<SentModule>,
  { evaluate, freeze, refused }: Realm,
  { value: told, named, made, running }: ReturnType<typeof library>,
  report: Report,
  trace: Trace | undefined,
): Outcome => {
  const namespaces: (Exports | undefined)[] = [];
  const ahead: Exports[] = [];
  /** Of modules that came ahead and belong to the task: what they told while nobody knew, by a number below zero. */
  const numbers = new Map<number, number>();
  const problems: Problem[] = [];
  const budget = { left: largestResult };
  const check = plainCheck();

  /** What modules say: their default exports, and the members of lists among these. */
  const said = new Set<unknown>();
  const say = (value: unknown): void => {
    said.add(value);
    if (Array.isArray(value)) value.forEach(say);
  };

  const frozen = new Set<Exports>();
  const linker = ({ links }: Pick<TaskModule, "links">, among: readonly (Exports | undefined)[]): Link => {
    const link = (specifier: string): Exports => {
      const exports = among[links[specifier]!]!;
      // Nobody may change what others import; most modules are imported by none.
      if (!frozen.has(exports)) frozen.add(freeze(exports));
      return exports;
    };
    const all = (exports: Exports, specifier: string): void => {
      for (const [name, value] of Object.entries(link(specifier))) if (name !== "default") exports[name] = value;
    };
    return Object.assign(link, { all });
  };

  // Places are found by the names of single modules.
  const size = locate === undefined ? together : 1;
  let index = -1;
  for (const { module, made: bodyOf } of bodies(modules, size, evaluate)) {
    if ("ahead" in module) {
      const exports = Object.create(null) as Exports;
      running.module = untasked(ahead.length);
      bodyOf(-1)(linker(module, ahead), exports, undefined, module.ours ? told : undefined);
      frozen.add(freeze(exports));
      ahead.push(exports);
      continue;
    }
    index += 1;
    if ("known" in module) {
      namespaces[index] = ahead[module.known]!;
      numbers.set(untasked(module.known), index);
      continue;
    }
    if (Object.values(module.links).some((link) => namespaces[link] === undefined)) continue;
    report.mark(index);
    running.module = index;
    let body: Body;
    try {
      body = bodyOf(index);
    } catch (error) {
      problems.push({ module: index, kind: "syntax", text: described(error) });
      continue;
    }
    const exports = Object.create(null) as Exports;
    try {
      body(linker(module, namespaces), exports, trace?.functions, module.ours ? told : undefined);
    } catch (error) {
      const name = refused(error);
      const at = locate === undefined ? {} : { at: thrownAt(error, trace?.thrown(error)) };
      if (name === undefined) problems.push({ module: index, kind: "threw", text: described(error), ...at });
      else problems.push({ module: index, kind: "unavailable", name, ...at });
      continue;
    }
    namespaces[index] = exports;
    if (!module.asked || locate !== undefined || !("default" in exports)) continue;
    // Read once: what is proved plain is what is told.
    const value = exports["default"];
    const found = check(value, budget);
    if (budget.left < 0) {
      problems.push({ module: index, kind: "too-large" });
      break;
    }
    problems.push(...found.map(({ path, what }) => ({ module: index, kind: "data" as const, path, what })));
    // As text at once: what is proved plain now, a later module might still change.
    if (found.length > 0) continue;
    report.value(`{"module":${String(index)},"value":${JSON.stringify(value)}}`);
    say(value);
  }
  const tasked = <T extends { readonly module: number }>(all: readonly T[]): readonly T[] =>
    all.flatMap((one) => {
      const module = one.module < 0 ? numbers.get(one.module) : one.module;
      return module === undefined ? [] : [{ ...one, module }];
    });
  // Of modules that came to no end it is not known what they would have said.
  if (problems.length === 0 && locate === undefined) {
    const unsaid = new Set(tasked(made).flatMap(({ intent, module }) => (said.has(intent) ? [] : [module])));
    problems.push(...[...unsaid].map((module) => ({ module, kind: "unsaid" as const })));
  }

  const sites = (locate?.paths ?? []).map(({ module, path }) => trace?.site(namespaces[module]?.["default"], path));
  return { problems, environments: tasked(named), sites };
};

const untasked = (number: number): number => -1 - number;

/** Modules whose functions are made at one time: half of what it takes to make one is spent on being asked. */
const together = 16;

/**
 * Modules in their order, each with what makes its function. INVARIANT: only texts that were parsed stand beside others,
 * or one could be taken for its neighbour.
 */
function* bodies(
  modules: Iterable<SentModule>,
  size: number,
  evaluate: Realm["evaluate"],
): Generator<{ readonly module: SentModule; readonly made: (index: number) => Body }> {
  const alone =
    ({ code }: Pick<AheadModule, "code">) =>
    (index: number): Body =>
      evaluate(`${code}\n//# sourceURL=${sourceName(index)}`) as Body;
  const group: TaskModule[] = [];
  function* ready(): Generator<{ readonly module: TaskModule; readonly made: (index: number) => Body }> {
    let made: readonly Body[] | undefined;
    try {
      if (group.length > 1) made = evaluate(`[${group.map(({ code }) => code).join(",\n")}]`) as readonly Body[];
    } catch {
      // Whose fault it is shows when each is made alone.
    }
    for (const [at, module] of group.splice(0).entries())
      yield { module, made: made ? () => made[at]! : alone(module) };
  }
  for (const module of modules) {
    if ("known" in module) {
      yield* ready();
      yield { module, made: unreachable };
    } else if ("ahead" in module || !module.isParsed) {
      yield* ready();
      yield { module, made: alone(module) };
    } else if (group.push(module) === size) yield* ready();
  }
  yield* ready();
}

const unreachable = (): never => {
  throw new Error("unreachable: what is known has been made");
};

const sourceName = (index: number): string => `mesh-module-${String(index)}`;

/** SES turns what these hold into getters of its own, so that it can be overridden; those are safe to ask. */
const intrinsics: ReadonlySet<object> = new Set(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    ({ prototype }) => prototype as object,
  ),
);

/** A text that an object has, itself or inherited, read without running code of its author. */
const ownText = (holder: object, key: string): string | undefined => {
  for (let at: object | null = holder; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const property = Object.getOwnPropertyDescriptor(at, key);
    if (property === undefined) continue;
    const value: unknown = intrinsics.has(at) ? Reflect.get(at, key) : property.value;
    return typeof value === "string" ? value : undefined;
  }
  return undefined;
};

/** "TypeError: x is not a function". */
const described = (thrown: unknown): string => {
  if (typeof thrown === "string") return `threw ${JSON.stringify(thrown.slice(0, 200))}`;
  if (typeof thrown === "function") return "threw a function";
  if (typeof thrown !== "object" || thrown === null)
    return `threw ${typeof thrown === "symbol" ? "a symbol" : String(thrown)}`;
  const message = ownText(thrown, "message");
  return message === undefined ? "threw an object" : `${ownText(thrown, "name") ?? "Error"}: ${message.slice(0, 500)}`;
};

/** Our positions on an error's stack. Whatever a policy writes there comes back as numbers. */
const thrownAt = (error: unknown, site: number | undefined): ThrownAt => {
  const none: ThrownAt = { positions: [], site };
  if (!types.isNativeError(error)) return none;
  // The engine puts the stack's first line together only now, and would run what a policy has for `name` or `message`.
  if (ownText(error, "name") === undefined || ownText(error, "message") === undefined) return none;
  const { stack } = error;
  if (typeof stack !== "string") return none;
  const frames = stack.slice(0, 100_000).matchAll(/mesh-module-(\d{1,7}):(\d{1,9}):(\d{1,9})/g);
  const positions = [...frames].slice(0, 20).map((frame) => {
    const [module, line, column] = frame.slice(1).map(Number) as [number, number, number];
    return { module, line, column };
  });
  return { positions, site };
};
