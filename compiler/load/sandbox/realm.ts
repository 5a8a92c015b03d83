import { createRequire } from "node:module";
import { pruneIntrinsics } from "./intrinsics.ts";
import { available, unavailable, unavailableMembers } from "./unavailable.ts";

/** What SES adds to the global object; declared here because its own types would declare it everywhere. */
interface Ses {
  readonly lockdown: (options: object) => void;
  readonly harden: <T>(value: T) => T;
  readonly Compartment: new (options: object) => {
    readonly globalThis: Record<string, unknown>;
    readonly evaluate: (code: string) => unknown;
  };
}

export interface Realm {
  /** Evaluates an expression that sees nothing but frozen intrinsics. */
  readonly evaluate: (code: string) => unknown;
  readonly freeze: <T>(value: T) => T;
  /** The refused name, where the error is one that a refused name threw. */
  readonly refused: (error: unknown) => string | undefined;
}

export interface RealmOptions {
  /** The path of SES's bundle. */
  readonly ses: string;
  /** Errors show their stacks. Only for an evaluation of which nothing but places comes back. */
  readonly stacks: boolean;
}

/**
 * Freezes every intrinsic of this process and makes the one compartment in which all modules are evaluated.
 * INVARIANT: nothing of Node is reachable from the compartment; what modules are given has to be frozen by whoever gives it.
 */
export const realm = ({ ses, stacks }: RealmOptions): Realm => {
  createRequire(import.meta.url)(ses);
  pruneIntrinsics();
  const added = globalThis as unknown as Ses;
  added.lockdown({
    errorTaming: stacks ? "unsafe" : "safe",
    stackFiltering: "verbose",
    consoleTaming: "unsafe",
    domainTaming: "unsafe",
    localeTaming: "safe",
    regExpTaming: "safe",
    overrideTaming: "moderate",
    errorTrapping: "none",
    unhandledRejectionTrapping: "none",
    reporting: "none",
  });
  // `harden` exists from here on.
  const { harden, Compartment } = added;

  const names = new WeakMap<object, string>();
  const refusal = (name: string) => (): never => {
    const error = new TypeError(`a policy cannot use ${name}`);
    names.set(error, name);
    throw error;
  };

  const compartment = new Compartment({ __options__: true, globals: {} });
  const { globalThis: scope } = compartment;
  for (const name of Reflect.ownKeys(scope) as string[]) if (!available.has(name)) Reflect.deleteProperty(scope, name);
  for (const name of unavailable.keys())
    Object.defineProperty(scope, name, { get: harden(refusal(name)), configurable: false });

  const math = Object.create(Object.prototype) as object;
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(scope["Math"]))) {
    Object.defineProperty(math, name, name === "random" ? { get: refusal("Math.random") } : property);
  }
  Object.defineProperty(scope, "Math", { value: harden(math) });
  Object.freeze(scope);

  return {
    evaluate: (code) => compartment.evaluate(code),
    freeze: harden,
    refused: (error) => {
      if (typeof error !== "object" || error === null) return undefined;
      const name = names.get(error);
      if (name !== undefined) return name;
      // SES's own words for its inert constructors; a policy that imitates them gains nothing but this message.
      const message = Object.getOwnPropertyDescriptor(error, "message")?.value as unknown;
      return typeof message === "string" && /^Function\.prototype\.constructor is not/.test(message)
        ? "Function"
        : undefined;
    },
  };
};

export const whyUnavailable = (name: string): string => unavailable.get(name) ?? unavailableMembers.get(name) ?? "";
