/** What differs from one run to the next by its nature. */
const varying: readonly RegExp[] = [
  /\b\d+ ms\b(?=[).])/g,
  /\b\d{4}-\d\d-\d\dT[\d:.]+Z/g,
  /(?<="milliseconds":)\d+/g,
  /\b[0-9a-f]{40}\b/g,
  /(?<=\/\/127\.0\.0\.1:)\d+/g,
];

const settled = (line: string): string => varying.reduce((text, pattern) => text.replace(pattern, "*"), line);

/** `…` on a line of its own stands for one line or more, within a line for some of its text. */
const pattern = (shown: readonly string[]): RegExp => {
  const lines = shown.map((line) =>
    line.trim() === "…"
      ? "(?:[^\\n]*\\n)+?"
      : `${settled(line)
          .split("…")
          .map((text) => RegExp.escape(text))
          .join("[^\\n]+")}\\n`,
  );
  return new RegExp(`^${lines.join("")}$`);
};

/** npm's own remarks depend on its version and on the machine's configuration. */
const isOfNpm = (line: string): boolean => /^npm (warn|notice)/.test(line);

/** What was said as lines, without the empty ones at its end. */
export const linesOf = (said: string): readonly string[] => {
  const text = said
    .split("\n")
    .filter((line) => !isOfNpm(line))
    .join("\n")
    .trimEnd();
  return text === "" ? [] : text.split("\n");
};

export const isAsShown = (shown: readonly string[], said: readonly string[]): boolean =>
  pattern(shown).test(said.map((line) => `${settled(line)}\n`).join(""));

const addresses = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => line.match(/\/\/127\.0\.0\.1:\d+/g) ?? []);

/** The addresses that are shown, and what the run said in their place: a reader takes those of their own terminal. */
export const addressesSaid = (shown: readonly string[], said: readonly string[]): ReadonlyMap<string, string> => {
  const own = addresses(said);
  return new Map(addresses(shown).map((address, index) => [address, own[index] ?? address]));
};
