import { expect, test } from "vitest";
import { random } from "../../golden/random/random.ts";
import { normalizedTarget } from "./normalized-path.ts";

const modes = ["none", "base", "merge-slashes", "decode-and-merge-slashes"] as const;

test.each([
  ["/%61dmin", "/admin"],
  // As Envoy 1.40 forwards them.
  ["/%%361dmin", "/%2561dmin"],
  ["/%%%3361dmin", "/%%25361dmin"],
  ["/x/%%32e%%32e/admin", "/x/%252e%252e/admin"],
  ["/%%30%30", "/%2500"],
  ["/%2561", "/%2561"],
  ["/a%", "/a%"],
  ["/a%2", "/a%2"],
])("%s is forwarded as %s", (sent, forwarded) => expect(normalizedTarget(sent, "base")).toBe(forwarded));

test("what is normalised stays as it is when it is normalised again", () => {
  const choices = random(1);
  const parts = [
    "%",
    "2",
    "5",
    "e",
    "f",
    "F",
    "3",
    "6",
    "1",
    ".",
    "/",
    "\\",
    "%2e",
    "%2F",
    "%5c",
    "%25",
    "a",
    " ",
    "{",
  ];
  for (let round = 0; round < 50_000; round += 1) {
    const path = `/${Array.from({ length: 1 + choices.below(9) }, () => choices.one(parts)).join("")}`;
    for (const mode of modes) {
      const once = normalizedTarget(path, mode);
      expect(normalizedTarget(once, mode), `${path} in ${mode}`).toBe(once);
    }
  }
});
