import { entry, list } from "./entry.ts";

/** MESH1xxx: what an intent says, before anything is resolved. */
export const intentCodes = {
  MESH1001: entry<{ readonly module: string }>({
    severity: "error",
    name: "a-default-export-is-an-intent",
    message: ({ module }) => `the default export of ${module} is no intent`,
    fix: () =>
      "export `policy(…)`, `external(…)` or `ingress(…)`, or a list of them; a module without default export is a fragment for others",
  }),
  MESH1002: entry<{ readonly at: string; readonly expected: string }>({
    severity: "error",
    name: "an-intent-has-its-shape",
    message: ({ at, expected }) => `${at === "" ? "this" : `\`${at}\``} ${expected}`,
    fix: () => "let the editor's types guide you: nothing but a cast, or a file without types, gets as far as here",
  }),
  MESH1003: entry<{ readonly module: string; readonly namespace: string; readonly allowed: readonly string[] }>({
    severity: "error",
    name: "a-folder-speaks-for-its-namespaces",
    message: ({ module, namespace, allowed }) =>
      `${module} may not speak for namespace \`${namespace}\`: its folder speaks for ${allowed.length === 0 ? "none" : list(allowed)}`,
    fix: ({ namespace }) =>
      `move the policy to a folder that speaks for \`${namespace}\`, or add the namespace to \`folders\` in mesh.config.ts`,
  }),
  MESH1004: entry<{ readonly about: string }>({
    severity: "error",
    name: "one-policy-for-one-subject",
    message: ({ about }) => `there are two policies about ${about}`,
    fix: () => "write everything about it in one policy",
  }),
  MESH1005: entry<{
    readonly environment: string;
    readonly known: readonly string[];
    readonly near: string | undefined;
  }>({
    severity: "error",
    name: "an-environment-is-declared",
    message: ({ environment, known, near }) =>
      `there is no environment \`${environment}\`${near ? `; did you mean \`${near}\`?` : known.length === 0 ? ": mesh.config.ts declares none" : `: mesh.config.ts declares ${list(known)}`}`,
    fix: () => "name a declared environment, or declare it under `environments` in mesh.config.ts",
  }),
  MESH1006: entry<{ readonly what: string; readonly near: string | undefined; readonly remedy: string }>({
    severity: "warning",
    name: "a-mandate-is-about-what-there-is",
    message: ({ what, near }) => `${what}${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
    fix: ({ near, remedy }) =>
      near === undefined ? `${remedy}, correct the name, or take the entry from \`folders\`` : `write \`${near}\``,
  }),
  MESH1010: entry<{ readonly written: string }>({
    severity: "error",
    name: "a-duration-is-a-length-of-time",
    message: ({ written }) => `\`${written}\` is no duration`,
    fix: () => 'write whole milliseconds, more than zero: "250ms", "2s", "1.5m", "1h", at most a week; or "none"',
  }),
};
