import { Environment } from "@marcbachmann/cel-js";

/** A URL as Kubernetes' CEL library has it: only what Istio's rules ask of it. */
class Url {
  readonly scheme: string;
  constructor(scheme: string) {
    this.scheme = scheme;
  }
}

/** The scheme of what Go's `url.ParseRequestURI` accepts (an absolute URI or an absolute path), or undefined where it refuses. */
function requestUriScheme(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- Go refuses ASCII control characters anywhere in a URL
  if (/[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text.replace(/\?.*$/s, ""))) return undefined;
  if (text.startsWith("/")) return "";
  const match = /^([A-Za-z][-+.A-Za-z0-9]*):(\/\/([^/?]*))?/.exec(text);
  if (match === null) return undefined;
  const authority = match[3];
  if (authority !== undefined) {
    const host = authority.slice(authority.lastIndexOf("@") + 1);
    if (!/^(\[[0-9A-Fa-f:.%]+\]|[^\s"<>[\]\\^`{|}:]*)(:[0-9]*)?$/.test(host)) return undefined;
  }
  return match[1]?.toLowerCase();
}

const environment = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: false })
  .registerVariable("self", "dyn")
  .registerType("Url", { ctor: Url, fields: { scheme: "string" } })
  .registerFunction("isURL(string): bool", (text: string) => requestUriScheme(text) !== undefined)
  .registerFunction("url(string): Url", (text: string) => {
    const scheme = requestUriScheme(text);
    if (scheme === undefined) throw new Error(`not a URL: ${text}`);
    return new Url(scheme);
  })
  .registerFunction("Url.getScheme(): string", (url: Url) => url.scheme);

/** A rule ready to run: true where the value is as the rule wants it; throws what CEL calls an error (a duration that is none, …). */
export type CompiledRule = (self: unknown) => boolean;

/** A CEL rule over `self`, type-checked. Throws where it does not compile: the generator compiles every rule, so a build never sees that. */
export function compiledRule(expression: string): CompiledRule {
  const parsed = environment.parse(expression);
  const checked = parsed.check();
  if (!checked.valid) throw new Error(`${expression}: ${checked.error?.message ?? "does not type-check"}`);
  return (self) => parsed({ self }) === true;
}
