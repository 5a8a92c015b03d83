import { believedFile, unlessAbsent } from "../../runtime/control/identity/files/believed.ts";
import { durableFile } from "../../runtime/control/identity/files/durable-file.ts";

/** How long certificates lived that may still be alive: `until` is set for what is not given out any more. */
interface Lifetime {
  readonly lifetimeMs: number;
  readonly until?: number;
}

const recorded = async (file: string): Promise<readonly Lifetime[]> => {
  const text = (await unlessAbsent(believedFile(file)))?.text;
  return (JSON.parse(text ?? "[]") as readonly Lifetime[]).filter(({ until = Infinity }) => until > Date.now());
};

/** Says beside the roots how long certificates live from now on; those that were given out for longer are not forgotten. */
export const recordedLifetime = async (file: string, lifetimeMs: number): Promise<void> => {
  const longer = (await recorded(file)).filter((one) => one.lifetimeMs > lifetimeMs);
  const ending = longer.map((one) => ({ ...one, until: one.until ?? Date.now() + one.lifetimeMs }));
  await durableFile(file, `${JSON.stringify([{ lifetimeMs }, ...ending])}\n`, 0o644);
};

/** Of all certificates that are alive the longest, in milliseconds; undefined where nobody has served yet. */
export const longestLifetime = async (file: string): Promise<number | undefined> => {
  const all = (await recorded(file)).map(({ lifetimeMs }) => lifetimeMs);
  return all.length === 0 ? undefined : Math.max(...all);
};
