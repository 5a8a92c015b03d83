import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { everySeed } from "../laboratory/seeds.ts";
import { foundOnRig } from "../laboratory/rigs.ts";
import { meshSuite } from "../laboratory/suite.ts";
import { fedMeshProxies } from "../rig/mesh-control/fed-mesh-proxies.ts";
import { meshControl } from "../rig/mesh-control/mesh-control.ts";
import { meshProxies } from "../rig/mesh-proxy/mesh-proxy.ts";
import type { Suite } from "../suite.ts";
import { built } from "../xds/built.ts";
import { meshProxyCounting } from "./counting.ts";
import { meshProxyFront } from "./front.ts";
import { proxyLaboratory } from "./laboratory.ts";
import { enduranceChecks } from "./endurance/endurance.ts";
import { flatChecks } from "./endurance/flat.ts";
import { leftOut, whyLeftOut, type LeftOut } from "./left-out.ts";
import { outageChecks } from "./outage/outage.ts";
import { parserChecks } from "./parser/checks.ts";
import { planted } from "./planted.ts";
import { dialledByStrangers } from "./strangers.ts";

/** What a mesh means to a proxy is held above: here that the stream brings it, whole and in time. */
const seedsFromStream = 3;

/** The same meshes and requests as on Envoys, on the project's own proxies: every answer must be one that `decide` gave. */
export const proxyMeshes = (seeds: readonly number[]): Suite =>
  meshSuite([], async (held, verdicts) => {
    const left = new Map<LeftOut, number>(leftOut.map((why) => [why, 0]));
    let [dials, strangers, applications] = [0, 0, 0];
    const meant = {
      laboratory: proxyLaboratory,
      // It offers no protocol in TLS, and asks for none.
      alpn: { http: ["http/1.1"], tcp: ["http/1.1"] },
      counting: meshProxyCounting,
      bookinfo: true,
      leavesOut: (call: Call, mesh: Mesh) => {
        const why = whyLeftOut(mesh, call);
        if (why !== undefined) left.set(why, (left.get(why) ?? 0) + 1);
        return why;
      },
    };
    await foundOnRig(meshProxies(built("mesh-proxy")), "mesh-proxy", verdicts, async (rig) => {
      const distortions = planted(rig);
      await held(rig, {
        ...meant,
        seeds,
        keptAs: "proxy",
        besides: async (running, lab) => {
          const dialled = await dialledByStrangers(rig, lab);
          dials += dialled.dials;
          strangers += dialled.strangers.length;
          applications += dialled.applications;
          for (const where of dialled.strangers.slice(0, 3))
            verdicts.fail(`${running.name}: a stranger is served`, where);
          await distortions.tried(running, lab);
        },
      });
      distortions.judged(verdicts);
    });
    const fed = meshControl(fedMeshProxies(built("mesh-proxy")));
    await foundOnRig(fed, "mesh-proxy, told by mesh-control", verdicts, (rig) =>
      held(rig, { ...meant, seeds: seeds.slice(0, seedsFromStream), where: " (told by mesh-control)" }),
    );
    const said = `${dials} dials of strangers to what is for applications alone, ${strangers} served`;
    if (dials === 0 || applications < dials)
      verdicts.fail(said, `applications themselves were served ${applications} times`);
    else if (strangers === 0) verdicts.pass(said);
    for (const [why, calls] of left) verdicts.say(`left out: ${why}: ${calls} calls`);
  });

export const proxyConformance: Suite = async (verdicts) => {
  await parserChecks(verdicts, { front: meshProxyFront(built("mesh-proxy")), refusesOld: 426 });
  await proxyMeshes(everySeed)(verdicts);
  await enduranceChecks(verdicts);
  await outageChecks(verdicts);
  await flatChecks(verdicts, built("mesh-proxy"));
};
