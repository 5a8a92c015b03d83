import { spawn } from "node:child_process";

/** A process that outlives this one by a moment: it ends what this one started, however this one ended. */
export interface Guard {
  /** A group of processes is there, by the id of its leader. */
  readonly began: (group: number) => void;
  /** Nothing is left of it. */
  readonly ended: (group: number) => void;
  /** Ends it; resolves once the folder is gone. */
  readonly close: () => Promise<void>;
}

/**
 * Its input ends with the process that holds the other end, even one that was killed and could do nothing more. A shell, as a
 * second Node would take the start of every mesh longer.
 */
const script = `
trap '' HUP INT TERM
groups=' '
while read -r word group; do
  case $word in
    began) groups="$groups$group " ;;
    ended) groups="\${groups%% "$group" *} \${groups#* "$group" }" ;;
  esac
done
all() { for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null; done; }
if [ -n "\${groups# }" ]; then all TERM; sleep 1; all KILL; fi
rm -rf -- "$1"
`;

/** Guards a folder too: it is removed in the end. */
export const guard = (folder: string): Guard => {
  const shell = spawn("/bin/sh", ["-c", script, "sh", folder], {
    // Of a session of its own: what ends a terminal's processes does not end it.
    detached: true,
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = new Promise<void>((resolve) => {
    shell.once("exit", () => resolve());
    shell.once("error", () => resolve());
  });
  // Without it, only what is killed leaves something behind.
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return {
    began: (group) => void shell.stdin.write(`began ${group}\n`),
    ended: (group) => void shell.stdin.write(`ended ${group}\n`),
    close: async () => {
      shell.ref();
      shell.stdin.end();
      await gone;
    },
  };
};
