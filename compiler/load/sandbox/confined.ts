import { existsSync } from "node:fs";

const shell = "/bin/sh";

/**
 * A command that cannot outlive its processor time even if whoever watches it is gone, and that leaves no core file
 * behind; as it is where there is no POSIX shell. The shell gives way to the command, so its process id is the command's.
 */
export const confined = (
  command: string,
  parameters: readonly string[],
  seconds: number,
): readonly [string, readonly string[]] => {
  if (process.platform === "win32" || !existsSync(shell)) return [command, parameters];
  const limit = String(Math.ceil(seconds) * 2 + 10);
  return [shell, ["-c", 'ulimit -c 0; ulimit -t "$0"; exec "$@"', limit, command, ...parameters]];
};
