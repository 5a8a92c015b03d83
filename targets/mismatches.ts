import { diagnostic } from "../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../lib/diagnostics/diagnostic.ts";
import type { Platform } from "../lib/graph/platform.ts";

/** Where a platform's setting stands. */
export const settingPlace = (setting: string) => ({
  place: { origin: { module: "graph/platform.json", path: ["platform", setting] } },
});

/** No target can say that a trust domain has other names. */
export const unsaidAliases = ({ trustDomainAliases }: Platform): readonly Diagnostic[] =>
  trustDomainAliases.length === 0
    ? []
    : [diagnostic("MESH5006", { aliases: trustDomainAliases }, settingPlace("trustDomainAliases"))];
