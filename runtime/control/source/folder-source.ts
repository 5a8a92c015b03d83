import { setTimeout as sleep } from "node:timers/promises";
import { placementOf, spansOf } from "../../../compiler/pipeline.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import { native } from "../../../targets/native/index.ts";
import { xds } from "../../../targets/xds/index.ts";
import { followedFolder, type FollowedFolderOptions } from "./followed-folder.ts";
import { kept, type Kept } from "../../diagnostics/kept.ts";
import { stackOf } from "../../log/log.ts";
import type { Source } from "./source.ts";

export interface FolderOptions extends FollowedFolderOptions {
  /** That of the roots: a mesh of another would have identities that nobody can be given. Any when absent. */
  readonly trustDomain?: string;
}

const bug = (error: unknown): Kept => ({
  code: "internal",
  severity: "error",
  message: `a bug of ours: ${stackOf(error)}`,
  at: undefined,
});

/** What is amiss is worked out once the first proxies have what was taken. */
const proxiesFirstMs = 10;

/** A mesh folder with its placement, as revisions for proxies. What no target can say of a platform is the same for all of them. */
export const folderSource = (folder: string, { trustDomain, ...options }: FolderOptions): Source => {
  const spans: Source["spansOf"] = (origins) => spansOf(folder, options, origins);
  const followed: Source["followed"] = (listener) => {
    const broken = async (diagnostics: readonly Diagnostic[]): Promise<void> =>
      listener.broken(await kept(diagnostics, spans));
    return followedFolder(folder, options, {
      broken,
      failed: (error) => listener.broken([bug(error)]),
      compiled: async (value, diagnostics) => {
        const { trustDomain: now } = value.platform;
        if (trustDomain !== undefined && now !== trustDomain) {
          const message = `the trust domain changed from ${trustDomain} to ${now}: restart mesh-control`;
          return listener.broken([{ code: "restart", severity: "error", message, at: undefined }]);
        }
        const placement = await placementOf(folder, value);
        if (placement.value === undefined) return broken(placement.diagnostics);
        const wrong = xds.mismatches(value.platform);
        if (wrong.length > 0) return broken(wrong);
        listener.taken({ mesh: value.mesh, placement: placement.value });
        await sleep(proxiesFirstMs);
        try {
          const warnings = [...diagnostics, ...xds.omissions(value.mesh, placement.value)];
          // One question: to find places is to evaluate policies again.
          const all = [...warnings, ...native.omissions(value.mesh, placement.value)];
          const said = await kept(all, spans);
          listener.warned(said.slice(0, warnings.length), said.slice(warnings.length));
        } catch (error) {
          listener.warned([{ ...bug(error), severity: "warning" }], []);
        }
      },
    });
  };
  return { spansOf: spans, followed };
};
