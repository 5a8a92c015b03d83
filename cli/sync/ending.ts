import { constants } from "node:os";

const names = ["SIGINT", "SIGTERM"] as const;

export interface Ending {
  readonly signal: AbortSignal;
  /** Of a command that was asked to end before it was done: 128 and the signal's number, as a shell has it. */
  readonly exitCode: () => number;
}

/** Aborts when somebody asks this process to end, once; whoever is impatient asks twice. */
export const endingBySignal = (told: (name: string) => void = () => undefined): Ending => {
  const ending = new AbortController();
  let code = 0;
  for (const name of names)
    process.on(name, () => {
      code = 128 + constants.signals[name];
      if (ending.signal.aborted) process.exit(code);
      told(name);
      ending.abort(new Error(`asked to end by ${name}`));
    });
  return { signal: ending.signal, exitCode: () => code };
};
