import { everySeed } from "../laboratory/seeds.ts";
import { foundOnRig } from "../laboratory/rigs.ts";
import { meshSuite } from "../laboratory/suite.ts";
import { meshProxies } from "../rig/mesh-proxy/mesh-proxy.ts";
import type { Suite } from "../suite.ts";
import { built } from "../xds/built.ts";
import { meshProxyCounting } from "./counting.ts";
import { meshProxyFront } from "./front.ts";
import { proxyLaboratory } from "./laboratory.ts";
import { leftOut, whyLeftOut, type LeftOut } from "./left-out.ts";
import { parserChecks } from "./parser/checks.ts";
import { planted } from "./planted.ts";
import { strangersServed } from "./strangers.ts";

/** The same meshes and requests as on Envoys, on the project's own proxies: every answer must be one that `decide` gave. */
const meshes = (seeds: readonly number[]): Suite =>
  meshSuite([], async (held, verdicts) => {
    const left = new Map<LeftOut, number>(leftOut.map((why) => [why, 0]));
    let [strangers, served] = [0, 0];
    await foundOnRig(meshProxies(built("mesh-proxy")), "mesh-proxy", verdicts, async (rig) => {
      const distortions = planted(rig);
      await held(rig, {
        laboratory: proxyLaboratory,
        // It offers no protocol in TLS, and asks for none.
        alpn: { http: ["http/1.1"], tcp: ["http/1.1"] },
        counting: meshProxyCounting,
        seeds,
        bookinfo: true,
        isMeant: (call, mesh) => {
          const why = whyLeftOut(mesh, call);
          if (why !== undefined) left.set(why, (left.get(why) ?? 0) + 1);
          return why === undefined;
        },
        besides: async (running, lab) => {
          const dialled = await strangersServed(rig, lab);
          strangers += dialled.dials;
          served += dialled.served.length;
          for (const why of dialled.served.slice(0, 3)) verdicts.fail(`${running.name}: a stranger was served`, why);
          await distortions.tried(running, lab);
        },
      });
      distortions.judged(verdicts);
    });
    if (strangers === 0) verdicts.fail("strangers", "nobody dialled what is meant for applications");
    else if (served === 0) verdicts.pass(`${strangers} dials of strangers to what is meant for applications, none served`);
    for (const [why, calls] of left) verdicts.say(`left out: ${why}: ${calls} calls`);
  });

export const proxySuite =
  (seeds: readonly number[]): Suite =>
  async (verdicts) => {
    if (!process.env["NOPARSER"]) await parserChecks(verdicts, { front: meshProxyFront(built("mesh-proxy")) });
    await meshes(seeds)(verdicts);
  };

export const proxyConformance: Suite = proxySuite(everySeed);
