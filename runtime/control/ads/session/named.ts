import type { Served } from "../../view.ts";

const partOfName = /[\w|/-]/;

/** Whether a message speaks of a name, and not of a longer one around it. */
const isNamed = (message: string, name: string): boolean => {
  if (name === "") return false;
  for (let at = message.indexOf(name); at !== -1; at = message.indexOf(name, at + 1)) {
    const [before, after, next] = [
      message[at - 1] ?? " ",
      message[at + name.length] ?? " ",
      message[at + name.length + 1],
    ];
    const goesOn =
      partOfName.test(after) || ((after === "." || after === ":") && next !== undefined && /\w/.test(next));
    if (!partOfName.test(before) && before !== "." && !goesOn) return true;
  }
  return false;
};

/** The resources that a refusal's message names: clients say which, but only in prose. */
export const namedIn = (message: string, resources: readonly Served[]): readonly Served[] =>
  resources.filter(({ name }) => isNamed(message, name));
