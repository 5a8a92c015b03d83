import { describe, expect, test } from "vitest";
import { compiledRule } from "./cel.ts";

describe("the Kubernetes URL functions", () => {
  const isUrl = compiledRule("isURL(self)");

  test.each([
    "http://a",
    "https://a.example:8443/b?c#d",
    "oci://a/b",
    "/absolute/path",
    "file:///a",
    "HTTP://a",
    "mailto:a",
    "http://[::1]:80/",
  ])("take %s for a URL", (text) => expect(isUrl(text)).toBe(true));

  test.each(["", "a", "a/b", "http://a b", "http://[::1", "http://a:b", "http://a/%zz", "http://a\n", "1a://b"])(
    "do not take %j for a URL",
    (text) => expect(isUrl(text)).toBe(false),
  );

  test("give a scheme in lower case, and none for a path", () => {
    expect(compiledRule('url(self).getScheme() == "http"')("HTTP://a")).toBe(true);
    expect(compiledRule('url(self).getScheme() == ""')("/a")).toBe(true);
  });

  test("fail where the text is no URL", () => {
    expect(() => compiledRule('url(self).getScheme() == ""')("a b")).toThrow("not a URL");
  });
});

test("refuses an expression that does not compile, names no known function or variable, or is no condition", () => {
  for (const expression of ["self ==", "nothing(self)", "other == 1"]) expect(() => compiledRule(expression)).toThrow();
});

test("knows optional fields", () => {
  const rule = compiledRule('self.?a.orValue("none") == "none"');
  expect(rule({})).toBe(true);
  expect(rule({ a: "b" })).toBe(false);
});
