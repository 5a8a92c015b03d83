import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Verdicts } from "../../suite.ts";
import type { Rig } from "../../rig/rig.ts";
import { anyKey, leaks, thisKey } from "./leaks.ts";

/**
 * Nothing that a running mesh says aloud shows a key: logs of every process, what its proxies tell, and `answers`, which are the
 * control plane's own by name.
 */
export const judgeKeys = async (
  rig: Rig,
  answers: Readonly<Record<string, string>>,
  verdicts: Verdicts,
): Promise<void> => {
  const { kind, tells, hides } = rig.plane.proxies;
  const keys = await rig.mesh.keys();
  const needles = [...anyKey, ...keys.flatMap(thisKey)];
  const logs = (await readdir(rig.directory)).filter((name) => name.endsWith(".log"));
  const dumps = await Promise.all(
    rig
      .workloads()
      .filter(({ proxy }) => proxy !== undefined)
      .flatMap(({ pod, admin }) => tells.map(async (path) => [`${path} of ${pod}`, await admin(path)] as const)),
  );
  const said = [
    ...Object.entries(answers),
    ...dumps,
    ...(await Promise.all(
      logs.map(async (name) => [name, await readFile(join(rig.directory, name), "utf8")] as const),
    )),
  ];
  const wrong = said.flatMap(([name, text]) => leaks(text, needles).map((what) => `${name} shows ${what}`));
  for (const why of wrong) verdicts.fail("no key is shown", why);
  const hidden = dumps.filter(([, dump]) => hides.test(dump)).length;
  const noticed = keys.filter((key) => leaks(`{"key":${JSON.stringify(key)}}`, needles).length > 0).length;
  if (hidden === 0) verdicts.fail("no key is shown", `no ${kind} held a key to hide`);
  else if (noticed < keys.length) verdicts.fail("planted: keys", `only ${noticed} of ${keys.length} were noticed`);
  else if (wrong.length === 0)
    verdicts.pass(
      `no key is shown: ${Object.keys(answers).length} answers, ${dumps.length} dumps (${hidden} with hidden keys), ${logs.length} logs; ${keys.length} known keys and the shape of any`,
    );
};
