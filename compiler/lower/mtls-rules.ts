import { at } from "../../lib/diagnostics/origin.ts";
import type { MtlsRule } from "../../lib/model/mesh.ts";
import type { Policy, ServicePolicy } from "../../lib/intent/index.ts";
import type { Context } from "./context.ts";
import type { Authored } from "./intents.ts";
import { selectorOf } from "./selector.ts";

/** The mesh's mode, then what namespaces and policies say differently. */
export const mtlsRules = (context: Context): readonly MtlsRule[] => {
  const { config, policies } = context.intents;
  const mesh: MtlsRule = {
    selector: { kind: "mesh" },
    mode: config.defaults.mtls,
    origin: { module: "mesh.config.ts", path: ["defaults", "mtls"] },
  };
  const written = policies.flatMap((policy) => context.remembered("mtls", policy, () => policyRules(policy, context)));
  return [mesh, ...written];
};

const policyRules = ({ intent, origin }: Authored<Policy>, context: Context): readonly MtlsRule[] => {
  const { mtls } = intent.intent as ServicePolicy;
  const selector = selectorOf(intent.about, context);
  return mtls === undefined || selector === undefined
    ? []
    : [{ selector, mode: mtls, origin: at(origin, "intent", "mtls") }];
};
