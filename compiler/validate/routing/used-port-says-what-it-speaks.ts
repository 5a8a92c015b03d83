import { at, type Origin } from "../../../lib/diagnostics/origin.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { lawOfEach } from "../law.ts";

/** A proxy that must guess a protocol waits for the client to speak first, and some servers speak first (istio 13371, 10062). */
export const usedPortSaysWhatItSpeaks = lawOfEach(
  "MESH4053",
  "policies",
  ["graph"],
  ({ intent, origin }, { graph }, report) => {
    const check = (id: string, origin: Origin): void => {
      const port = named(graph)
        .service(id)
        ?.ports.find(({ protocol }) => protocol === "undeclared");
      if (port) report(origin, { service: id, port: port.number });
    };
    if (intent.about.$kind === "service" || intent.about.$kind === "tcp-service")
      check(intent.about.$id, at(origin, "about"));
    const { uses } = intent.intent as ServicePolicy;
    uses?.forEach((dependency, index) => {
      if (dependency.$kind === "service" || dependency.$kind === "tcp-service")
        check(dependency.$id, at(origin, "intent", "uses", index));
    });
  },
);
