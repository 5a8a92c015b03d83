import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterApi, leaderElection } from "../../../runtime/gitops/cluster/index.ts";
import { child, eventually, type Child } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { accountToken, configMap, type Surroundings } from "./surroundings.ts";

const leaseMs = 3000;

interface Said {
  readonly name: string;
  readonly what: "leading" | "over" | "ended";
  readonly turn: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** One leads, whoever dies, sleeps or cannot reach the API server. */
export const leases = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-leases-"));
  const token = await accountToken(
    server,
    "contender",
    [
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "patch"] },
    ],
    { namespaces: ["shop"] },
  );
  writeFileSync(
    join(folder, "contenders.json"),
    JSON.stringify({ url: server.url, authority: server.authority, token, leaseMs }),
    { mode: 0o600 },
  );
  writeFileSync(join(folder, "terms.jsonl"), "");
  const program = fileURLToPath(new URL("contender.ts", import.meta.url));
  const contender = (name: string): Child => child(folder, name, [process.execPath, program, folder, name]);
  const said = (): readonly Said[] =>
    readFileSync(join(folder, "terms.jsonl"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Said);
  const leading = (among: readonly Child[], since: number): Promise<Child> =>
    eventually(
      "somebody leads",
      () =>
        among.find(({ name }) => said().some((one) => one.name === name && one.what === "leading" && one.at > since)),
      { timeoutMs: 30_000, needs: among },
    );
  const over = async (leader: Child): Promise<void> => {
    const isOver = () => said().findLast(({ name }) => name === leader.name)?.what === "over";
    await eventually("it says that its term is over", () => isOver() || undefined, { needs: [leader] });
  };
  const lease = () =>
    api.get({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: "shop", name: "leader" });
  const holder = async (): Promise<string> =>
    ((await lease())?.spec as { readonly holderIdentity?: string } | undefined)?.holderIdentity ?? "";
  const running = new Set([contender("a"), contender("b")]);
  try {
    let leader = await leading([...running], 0);
    const order = [leader.name];
    await judged(verdicts, "of two that start together one leads", async () => {
      await sleep(leaseMs * 2);
      return difference([...new Set(said().map(({ name }) => name))], [leader.name]);
    });
    await judged(verdicts, "when the leader is killed, the other follows", async () => {
      const at = Date.now();
      process.kill(leader.pid, "SIGKILL");
      await eventually("it is dead", () => leader.ended());
      running.delete(leader);
      leader = await leading([...running], at);
      order.push(leader.name);
      return undefined;
    });
    await judged(verdicts, "a leader that slept through its lease is none when it wakes", async () => {
      const other = contender("c");
      running.add(other);
      await sleep(leaseMs);
      process.kill(leader.pid, "SIGSTOP");
      const slept = Date.now();
      await leading([other], slept);
      process.kill(leader.pid, "SIGCONT");
      await over(leader);
      leader = other;
      order.push(leader.name);
      return undefined;
    });
    await judged(verdicts, "a leader that ends politely gives its lease back", async () => {
      const left = await holder();
      const others = [...running].filter((one) => one !== leader);
      const at = Date.now();
      await leader.stop(30_000);
      running.delete(leader);
      const after = await holder();
      leader = await leading(others, at);
      order.push(leader.name);
      return left === after ? `${left} holds it still` : undefined;
    });
    await judged(verdicts, "where the API server is away, a leader gives up before its lease ends", async () => {
      await server.away(() => over(leader));
      const { spec } = await eventually("the API server answers", lease);
      const gaveUp = said().findLast(({ name, what }) => name === leader.name && what === "over")?.at ?? 0;
      const { renewTime } = spec as { readonly renewTime: string };
      return gaveUp < Date.parse(renewTime) + leaseMs
        ? undefined
        : `it gave up ${gaveUp - Date.parse(renewTime)} ms after it had renewed`;
    });
    await judged(verdicts, "at no time two led", async () => {
      const turns = said()
        .filter(({ what }) => what === "leading")
        .sort((one, other) => one.turn - other.turn);
      const terms = turns.filter((one, index) => turns[index - 1]?.name !== one.name).map(({ name }) => name);
      return difference(terms, order);
    });
    await judged(
      verdicts,
      "writes after the end of a term are refused, also by who does not look at its signal",
      async () => {
        const mortal = clusterApi({ access: server.access() });
        const outer = new AbortController();
        const giveUp = setTimeout(() => outer.abort(new Error("it never led")), 30_000);
        const election = leaderElection({
          api: mortal,
          namespace: "shop",
          name: "brief",
          identity: "x",
          leaseMs: 1000,
        });
        let outcome = "nothing";
        await election
          .led(async (term) => {
            outer.abort(new Error("enough"));
            outcome = await term.api.apply(configMap("too-late")).then(
              () => "it was written",
              (error: unknown) => String(error),
            );
          }, outer.signal)
          .catch(() => undefined);
        clearTimeout(giveUp);
        await mortal.close();
        return difference(outcome, "Error: enough");
      },
    );
  } finally {
    await Promise.all([...running].map((one) => one.stop(0)));
    rmSync(folder, { recursive: true, force: true });
  }
};
