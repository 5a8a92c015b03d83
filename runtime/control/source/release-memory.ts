import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: {
  readonly type: "major";
  readonly execution: "sync";
  readonly flavor: "last-resort";
}) => void;

let collect: Collect | undefined;

/**
 * Gives memory back to the system, which the engine does not do on its own for as long as nothing happens. It stops this
 * thread for some tens of milliseconds: for a moment in which nobody waits.
 */
export const releaseMemory = (): void => {
  setFlagsFromString("--expose-gc");
  collect ??= runInNewContext("gc") as Collect;
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
};
