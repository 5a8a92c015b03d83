import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Verdicts } from "../../suite.ts";
import { shell, type Started } from "./shell.ts";
import { addressesSaid, isAsShown, linesOf } from "./shown.ts";
import type { ShownCommand, Step } from "./steps.ts";

export interface Walk {
  /** Empty at first. */
  readonly folder: string;
  /** For what commands say. */
  readonly scratch: string;
  readonly environment: NodeJS.ProcessEnv;
  /** What `npm install` is given for the package's name. */
  readonly tarball: string;
}

/** What runs on says so: it is ended after the session that follows, which is another shell's. */
const runsOn = /Ctrl-C ends all of it\.\n/;

/** Does what a reader does, and holds what is said against what is shown. */
export const walked = async (verdicts: Verdicts, steps: readonly Step[], walk: Walk): Promise<void> => {
  const { started, until } = shell(walk.folder, walk.scratch, walk.environment);
  const own = new Map<string, string>();
  let behind: { readonly command: string; readonly running: Started; readonly before: string } | undefined;

  const judged = (command: string, shown: readonly string[], text: string): void => {
    const said = linesOf(text);
    if (isAsShown(shown, said)) verdicts.pass(`tour: ${command}`);
    else verdicts.fail(`tour: ${command}`, `it says\n${said.join("\n")}\nand not\n${shown.join("\n")}`);
    for (const [address, ofThisRun] of addressesSaid(shown, said)) own.set(address, ofThisRun);
  };
  const run = async ({ command, shown }: ShownCommand): Promise<typeof behind> => {
    const asTyped = [...own].reduce((text, [address, ofThisRun]) => text.replaceAll(address, ofThisRun), command);
    const running = started(asTyped);
    const isToRunOn = runsOn.test(`${shown.join("\n")}\n`);
    const said = await until(running, isToRunOn ? runsOn : undefined);
    judged(command, shown, said);
    return isToRunOn ? { command, running, before: said } : undefined;
  };
  const interrupted = async ({ command, running, before }: NonNullable<typeof behind>): Promise<void> => {
    const wasRunning = !running.isEnded();
    running.interrupted();
    const said = await until(running);
    const what = `tour: Ctrl-C ends ${command}`;
    if (wasRunning && said === before) verdicts.pass(what);
    else verdicts.fail(what, wasRunning ? `it says\n${said.slice(before.length)}` : `it had ended:\n${said}`);
  };

  try {
    for (const step of steps)
      if (step.kind === "file") {
        mkdirSync(dirname(join(walk.folder, step.path)), { recursive: true });
        writeFileSync(join(walk.folder, step.path), step.text);
      } else if (step.kind === "install") {
        if (!/ meshwright$/.test(step.command)) throw new Error(`not an install of the package: ${step.command}`);
        const installing = started(step.command.replace(/ meshwright$/, ` ${walk.tarball}`));
        const said = await until(installing);
        if (/^npm error|killed:/m.test(said)) throw new Error(`the package cannot be installed:\n${said}`);
        // Of the package itself nothing is to run, nor to be asked about.
        if (/ meshwright@\S+ \(/.test(said)) verdicts.fail(`tour: ${step.command}`, said);
        else verdicts.pass(`tour: ${step.command}`);
      } else {
        const last = behind;
        behind = undefined;
        for (const command of step.commands) behind = (await run(command)) ?? behind;
        if (last !== undefined) await interrupted(last);
      }
  } finally {
    behind?.running.killed();
  }
};
