import { join } from "node:path";
import { goModule, installed, interruptible, ran, type Recipe } from "./install.ts";

/** What turns a chart and a base into objects. */
export interface Packagers {
  readonly helm: string;
  readonly kustomize: string;
}

const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"];

const recipe = (tool: string, command: string): Recipe => ({
  tool,
  inputs: [...goModule(tool), ...flags],
  fill: (folder) =>
    ran(["go", "build", ...flags, "-o", join(folder, tool), command], {
      cwd: join(import.meta.dirname, "go", tool),
      env: { CGO_ENABLED: "0" },
    }),
});

/** As `install`. */
export const installPackagers = (): Promise<Packagers> =>
  interruptible(async () => {
    const helm = await installed(recipe("helm", "helm.sh/helm/v4/cmd/helm"));
    const kustomize = await installed(recipe("kustomize", "sigs.k8s.io/kustomize/kustomize/v5"));
    return { helm: join(helm, "helm"), kustomize: join(kustomize, "kustomize") };
  });
