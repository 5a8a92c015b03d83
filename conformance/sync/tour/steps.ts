/** What a reader does at one place of the tour, in the order in which it stands there. */
export type Step =
  | { readonly kind: "install"; readonly command: string }
  | { readonly kind: "file"; readonly path: string; readonly text: string }
  | { readonly kind: "session"; readonly commands: readonly ShownCommand[] };

export interface ShownCommand {
  readonly command: string;
  /** What it says, on both of its outputs. */
  readonly shown: readonly string[];
}

/** The blocks of a section, of which each is a command that installs, a file with its path, or a session. Throws at any other. */
export const stepsOf = (markdown: string, section: string): readonly Step[] => {
  const [, from] = markdown.split(`\n## ${section}\n`, 2);
  if (from === undefined) throw new Error(`there is no section \`${section}\``);
  const [text = ""] = from.split("\n## ", 1);
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", block = ""]) =>
    stepOf(language, block),
  );
};

const stepOf = (language: string, text: string): Step => {
  if (language === "console") return { kind: "session", commands: commandsOf(text) };
  const path = /^(?:\/\/|#) (\S+)\n/.exec(text)?.[1];
  if (path !== undefined) return { kind: "file", path, text };
  if (language === "sh") return { kind: "install", command: text.trim() };
  throw new Error(`neither a session nor a file with its path:\n${text}`);
};

const commandsOf = (text: string): readonly ShownCommand[] =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...shown] = part.replace(/\n$/, "").split("\n");
      return { command, shown };
    });
