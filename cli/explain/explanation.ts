import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Decision } from "../../lib/model/decide/decision.ts";
import { decide } from "../../lib/model/decide/index.ts";
import type { Mesh } from "../../lib/model/mesh.ts";

/** What happens to a call, and where each of the steps that lead there was written. */
export const explanation = async (
  call: Call,
  mesh: Mesh,
  spansOf: (origins: readonly Origin[]) => Promise<ReadonlyMap<Origin, Span>>,
): Promise<{ readonly decision: Decision; readonly spans: ReadonlyMap<Origin, Span> }> => {
  const decision = decide({ client: mesh, server: mesh }, call);
  const origins = [
    ...new Set(
      decision.branches.flatMap(({ ends }) => ends.flatMap(({ steps }) => steps.flatMap(({ origin }) => origin ?? []))),
    ),
  ];
  return { decision, spans: await spansOf(origins) };
};
