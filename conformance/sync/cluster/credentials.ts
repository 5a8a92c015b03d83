import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterAccess, clusterApi } from "../../../runtime/gitops/cluster/index.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { accountToken, refusedAs, type Surroundings } from "./surroundings.ts";
import { kubeconfigIn } from "../../rig/kubeconfig.ts";

const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }];
const asked = { apiVersion: "v1", kind: "ConfigMap" };

/** As whom a kubeconfig lets one in, while what it gives is replaced. */
export const credentials = async (verdicts: Verdicts, { server }: Surroundings): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-kubeconfig-"));
  const token = await accountToken(server, "plugged", rules, { namespaces: ["shop"] });
  const { url, authority } = server;
  const kubeconfig = (user: object): string => kubeconfigIn(folder, { url, authority, user, namespace: "shop" });
  const listed = async (user: object, between: () => void): Promise<readonly unknown[]> => {
    const access = await clusterAccess({ file: kubeconfig(user) });
    const api = clusterApi({ access, credentialsMs: 100 });
    try {
      const { items } = await api.list(asked, { namespace: access.namespace ?? "" });
      between();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return [items.length, (await api.list(asked, { namespace: "shop" })).items.length];
    } finally {
      await api.close();
    }
  };
  try {
    const file = join(folder, "token");
    const calls = join(folder, "calls");
    const plugin = join(folder, "plugin.mjs");
    const credential = (text: string): string =>
      JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: text },
      });
    writeFileSync(
      plugin,
      `import { appendFileSync, readFileSync } from "node:fs"; appendFileSync(${JSON.stringify(calls)}, "x"); process.stdout.write(readFileSync(${JSON.stringify(join(folder, "credential"))}, "utf8"));`,
    );
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: [plugin],
      interactiveMode: "Never",
    };
    await judged(verdicts, "a credential plugin is asked once, and again when its token is refused", async () => {
      writeFileSync(calls, "");
      writeFileSync(join(folder, "credential"), credential("expired"));
      const access = await clusterAccess({ file: kubeconfig({ exec }) });
      const api = clusterApi({ access, credentialsMs: 0 });
      try {
        const early = await refusedAs("forbidden", ["does not accept the credentials"], () => api.list(asked));
        if (early !== undefined) return early;
        const refused = readFileSync(calls, "utf8").length;
        writeFileSync(join(folder, "credential"), credential(token));
        for (let left = 20; left > 0; left -= 1) await api.list(asked, { namespace: "shop" });
        return difference([refused, readFileSync(calls, "utf8").length], [2, 3]);
      } finally {
        await api.close();
      }
    });
    await judged(verdicts, "a token file is read again while the program runs", async () => {
      writeFileSync(file, `${token}\n`);
      const other = await accountToken(server, "other", rules, { namespaces: ["shop"] });
      const [first, second] = await listed({ tokenFile: "token" }, () => writeFileSync(file, other));
      return difference(first, second);
    });
    await judged(verdicts, "what a plugin says is in no error", async () => {
      writeFileSync(join(folder, "credential"), `{"status": {"token": "${token}"`);
      const access = await clusterAccess({ file: kubeconfig({ exec }) });
      const error = await access.credentials().catch((error: unknown) => error);
      if (!(error instanceof Error)) return "half a credential was taken";
      return `${error.stack}${JSON.stringify(error)}${String(error.cause)}`.includes(token.slice(0, 20))
        ? "the token is in it"
        : undefined;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
