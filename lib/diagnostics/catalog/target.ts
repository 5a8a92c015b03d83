import { entry } from "./entry.ts";

/** MESH5xxx: what a target can and cannot say. */
export const targetCodes = {
  MESH5001: entry<{ readonly feature: string; readonly target: string }>({
    severity: "error",
    name: "a-target-supports-the-intent",
    message: ({ feature, target }) => `the target ${target} has no ${feature}`,
    fix: () => "choose another target, or leave this out",
  }),
  MESH5002: entry<{ readonly required: string; readonly found: string }>({
    severity: "error",
    name: "the-platform-is-the-one-compiled-for",
    message: ({ required, found }) => `this compiler's Istio target is made for ${required}, but the snapshot says ${found}`,
    fix: () => "sync the graph from a platform of that release, or use the compiler made for yours",
  }),
};
