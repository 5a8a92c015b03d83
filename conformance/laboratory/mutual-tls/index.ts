import type { Verdicts } from "../../suite.ts";
import type { MeshAuthority } from "../../rig/mesh-authority.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Evidence } from "../oracle/trials.ts";
import { byHand, type Speaking } from "./by-hand.ts";
import { papers } from "./papers.ts";
import { plainTextThrough } from "./plain-text.ts";
import { provenIdentities } from "./proven.ts";
import { callees } from "./strict.ts";

/** What was tried of mTLS in the meshes of a run. */
export interface MutualTls {
  /** Tries it on the mesh that the laboratory runs, of which this was seen. */
  readonly judged: (seen: Evidence, lab: Laboratory, verdicts: Verdicts) => Promise<void>;
}

/** Numbers of a whole run: rigs come and go. */
export interface MutualTlsTally {
  strict: number;
  plain: number;
  refused: number;
  allowed: number;
  forbidden: number;
  proven: number;
  /** Of plain text that came through, and of callers whose identity was falsified, and of good certificates taken for bad ones. */
  planted: number;
  plantedCallers: number;
  plantedPapers: number;
}

export const mutualTlsTally = (): MutualTlsTally => ({
  strict: 0,
  plain: 0,
  refused: 0,
  allowed: 0,
  forbidden: 0,
  proven: 0,
  planted: 0,
  plantedCallers: 0,
  plantedPapers: 0,
});

/** Whether strict workloads are called by nobody without a certificate of the mesh, and by everybody as who they are. */
export const mutualTls = async (mesh: MeshAuthority, speaking: Speaking, tally: MutualTlsTally): Promise<MutualTls> => {
  const held = await papers(mesh);
  return {
    async judged({ name, mesh, cases }, lab, verdicts) {
      const strict = callees(mesh, "strict", lab);
      const found = await Promise.all(
        strict.map(async (callee) => {
          const plain = await Promise.all([lab.outside, lab.bare].map((caller) => plainTextThrough(caller, callee)));
          const tried = await byHand(mesh, callee, lab.outside, held, speaking);
          tally.plain += callee.ports.length * 4;
          tally.plantedPapers += tried.planted;
          tally.refused += tried.refused;
          tally.allowed += tried.allowed;
          tally.forbidden += tried.forbidden;
          return [...plain.flat(), ...tried.wrong];
        }),
      );
      const proven = await provenIdentities(mesh, strict, cases, lab, speaking.counting);
      tally.strict += strict.length;
      tally.proven += proven.count;
      tally.plantedCallers += proven.planted;
      const wrong = [...found.flat(), ...proven.wrong];
      for (const why of wrong.slice(0, 5)) verdicts.fail(`${name}: mTLS`, why);
      if (strict.length > 0 && wrong.length === 0) verdicts.pass();
      // The eyes that see nothing come through a strict workload must see what comes through another.
      const [lax] = callees(mesh, "permissive", lab);
      if (lax) tally.planted += (await plainTextThrough(lab.bare, lax)).length;
    },
  };
};

/** What was found of mTLS in all; everything must have happened at all. */
export const judgeMutualTls = (tally: MutualTlsTally, verdicts: Verdicts): void => {
  const { strict, plain, refused, allowed, forbidden, proven, planted, plantedCallers, plantedPapers } = tally;
  const said = `mTLS: ${strict} strict workloads; ${plain} plain dials, ${refused} with bad certificates, ${forbidden} forbidden and ${allowed} allowed with good ones; ${proven} calls told the caller's true identity`;
  const missing = Object.entries(tally).flatMap(([name, count]: readonly [string, number]) =>
    count === 0 ? [name] : [],
  );
  if (plantedPapers < strict) verdicts.fail("planted: certificates", `only ${plantedPapers} of ${strict} were noticed`);
  if (plantedCallers < proven) verdicts.fail("planted: callers", `only ${plantedCallers} of ${proven} were noticed`);
  if (missing.length > 0) verdicts.fail(said, `none of: ${missing.join(", ")}`);
  else
    verdicts.pass(
      `${said}; plain text to permissive ones was noticed ${planted} times, false callers ${plantedCallers} of ${proven} times, a good certificate among the bad ${plantedPapers} of ${strict} times`,
    );
};
