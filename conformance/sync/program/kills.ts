import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { touched, wrong } from "./compared.ts";
import { foreigners } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** Killed at every write of a rollout, before it is stored or after: the next run ends where the first would have. */
export const kills = async (verdicts: Verdicts, stage: Stage): Promise<void> => {
  const { front, started, once, committed, wanted, held, mesh } = stage;
  const reviews = join(mesh, "bookinfo/reviews.ts");
  const here = readFileSync(reviews, "utf8");
  const there = here
    .replace("v1: 20, v3: 80", "v2: 30, v3: 70")
    .replace('methods: ["GET"]', 'methods: ["GET", "HEAD"]')
    .replace("uses: [ratings]", "uses: []");
  let killed = 0;
  for (const when of ["before", "after"] as const)
    await judged(
      verdicts,
      `killed ${when} each write of a rollout: the next run ends where the first would have`,
      async () => {
        for (let at = 1; ; at += 1) {
          writeFileSync(reviews, at % 2 === 1 ? there : here);
          committed();
          const before = (await held()).get("VirtualService bookinfo/by-hand");
          let wasKilled = false;
          const killing = ({ write }: { readonly write: number }): void => {
            if (write !== at) return;
            wasKilled = true;
            running.kill("SIGKILL");
          };
          front.meddle(
            when === "before"
              ? {
                  before: (passing, response) => {
                    killing(passing);
                    if (!wasKilled) return "pass";
                    response.destroy();
                    return "answered";
                  },
                }
              : { after: killing },
          );
          const running = started("--once", "--no-lease");
          const first = await running.ended;
          front.meddle({});
          if (!wasKilled) {
            const why =
              difference(first.code, 0)?.concat(first.output) ?? wrong(await held(), await wanted(), foreigners);
            return why ?? (at > 4 ? undefined : `a rollout had ${at - 1} writes`);
          }
          killed += 1;
          const { code, output } = await once();
          const why =
            difference(code, 0)?.concat(output) ??
            wrong(await held(), await wanted(), foreigners) ??
            difference(
              (await held()).get("VirtualService bookinfo/by-hand")?.metadata.resourceVersion,
              before?.metadata.resourceVersion,
            );
          if (why !== undefined) return `at write ${at}: ${why}`;
          // Nothing is left to do, and nothing says that something is on its way.
          const still = await held();
          const last = await once();
          const more = difference(last.code, 0)?.concat(last.output) ?? difference(touched(still, await held()), []);
          if (more !== undefined) return `at write ${at}, once more: ${more}`;
        }
      },
    );
  verdicts.say(`killed ${killed} times`);
};
