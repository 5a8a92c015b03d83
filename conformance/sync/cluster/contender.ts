/** One process of those that would lead: `node contender.ts FOLDER NAME`. Says when it leads and when it stops, in lines of JSON. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterApi, leaderElection } from "../../../runtime/gitops/cluster/index.ts";

const [folder = "", name = ""] = process.argv.slice(2);
const { url, authority, token, leaseMs } = JSON.parse(readFileSync(join(folder, "contenders.json"), "utf8")) as {
  readonly url: string;
  readonly authority: string;
  readonly token: string;
  readonly leaseMs: number;
};
const api = clusterApi({
  access: {
    server: new URL(url),
    namespace: undefined,
    credentials: async () => ({ headers: { authorization: `Bearer ${token}` }, tls: { ca: authority } }),
  },
});
/** `turn`: the version of a write, which tells the order that the API server saw. */
const said = (what: string, turn = 0): void =>
  appendFileSync(join(folder, "terms.jsonl"), `${JSON.stringify({ name, what, turn, at: Date.now() })}\n`);
const ended = new AbortController();
process.once("SIGTERM", () => ended.abort(new Error("ended")));
const election = leaderElection({ api, namespace: "shop", name: "leader", identity: "same-for-both", leaseMs });
await election
  .led(async (term) => {
    for (let turn = 1; !term.signal.aborted; turn += 1) {
      const metadata = { name: "turns", namespace: "shop" };
      const write = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { name, turn: String(turn) } };
      await term.api.apply(write).then(
        (stored) => said("leading", Number(stored.metadata.resourceVersion)),
        () => undefined,
      );
      await sleep(20);
    }
    said("over");
  }, ended.signal)
  .catch(() => said("ended"));
await api.close();
