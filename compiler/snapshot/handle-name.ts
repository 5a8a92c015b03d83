/** What a module cannot export under its own name, what would hide a global that the module needs, and our own exports. */
const taken = new Set([
  ...["await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else"],
  ...[
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
  ],
  ...[
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
  ],
  ...["this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield"],
  ...["arguments", "eval", "undefined", "globalThis", "exports", "module", "require", "then"],
  ...["gateways", "namespace", "workloads"],
]);

/**
 * The name under which a service is exported: total and injective over DNS labels, so that every service has one name,
 * no two share one, and a service that is added never renames another. A hyphen before a letter makes it a capital, any
 * other becomes `_`; what cannot stand alone begins with `$`.
 */
export const handleName = (service: string): string => {
  const name = service.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()).replaceAll("-", "_");
  return /^[0-9]/.test(name) || taken.has(name) ? `$${name}` : name;
};
