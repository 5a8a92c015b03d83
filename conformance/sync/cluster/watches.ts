import { refOf, type WatchEvent } from "../../../runtime/gitops/cluster/index.ts";
import { eventually } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { configMap, type Surroundings } from "./surroundings.ts";

const kind = { apiVersion: "v1", kind: "ConfigMap" };
const labelSelector = "meshwright.test/watched=yes";
const watched = (name: string, at: string) => {
  const object = configMap(name, { at });
  return { ...object, metadata: { ...object.metadata, labels: { "meshwright.test/watched": "yes" } } };
};
const short = (event: WatchEvent): string =>
  event.type === "RELISTED"
    ? `RELISTED ${event.items
        .map(({ metadata }) => metadata.name)
        .sort()
        .join(" ")}`
    : `${event.type} ${event.object.metadata.name} ${(event.object["data"] as { readonly at: string }).at}`;

/** Every change is told, in order, whatever happens to connections, API server and history. */
export const watches = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  const told: string[] = [];
  const stop = new AbortController();
  const { resourceVersion } = await api.list(kind, { labelSelector });
  const watch = api.watch(kind, { labelSelector, from: resourceVersion, signal: stop.signal }, (event) =>
    told.push(short(event)),
  );
  const ended = watch.catch((error: unknown) => String(error));
  const heard = (line: string): Promise<true> =>
    eventually(`the watch tells ${line}`, () => (told.includes(line) ? (true as const) : undefined), {
      timeoutMs: 60_000,
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it told ${JSON.stringify(told)}`);
    });
  await judged(
    verdicts,
    "a watch tells what is added, changed and removed, of what is selected, once and in order",
    async () => {
      const first = await api.apply(watched("first", "1"));
      await api.apply(configMap("unwatched", { at: "1" }));
      await api.apply(watched("first", "2"));
      await api.remove(refOf(first), { uid: first.metadata.uid });
      await heard("DELETED first 2");
      return difference(told, ["ADDED first 1", "MODIFIED first 2", "DELETED first 2"]);
    },
  );
  await judged(verdicts, "a watch goes on where it was when the API server comes back", async () => {
    await api.apply(watched("second", "1"));
    await heard("ADDED second 1");
    told.length = 0;
    await server.away();
    await api.apply(watched("second", "2"));
    await api.apply(watched("third", "1"));
    await heard("ADDED third 1");
    // An API server that is not yet warm may know nothing of what was before it: then it is listed first.
    const [first, ...rest] = told;
    return difference(first === "RELISTED second" ? rest : told, ["MODIFIED second 2", "ADDED third 1"]);
  });
  stop.abort(new Error("enough"));
  await judged(verdicts, "a watch ends with its signal's reason", async () => difference(await ended, "Error: enough"));
  await judged(verdicts, "where history is forgotten, a watch tells all that there is, and goes on", async () => {
    for (let at = 2; at < 20; at += 1) await api.apply(watched("third", String(at)));
    const second = await api.get(refOf(watched("second", "")));
    await api.remove(refOf(watched("second", "")), { uid: second?.metadata.uid ?? "" });
    await server.compacted();
    await server.away();
    await api.apply(watched("third", "20"));
    const late: string[] = [];
    const end = new AbortController();
    const again = api
      .watch(kind, { labelSelector, from: resourceVersion, signal: end.signal }, (event) => late.push(short(event)))
      .catch(() => undefined);
    await eventually("it lists", () => late[0], { timeoutMs: 30_000 });
    await api.apply(watched("third", "21"));
    await eventually("it goes on", () => late[1], { timeoutMs: 30_000 });
    end.abort(new Error("enough"));
    await again;
    return difference(late, ["RELISTED third", "MODIFIED third 21"]);
  });
};
