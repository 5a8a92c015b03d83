import { readdirSync } from "node:fs";
import { footprint } from "../../rig/footprint.ts";

/** What a process of Node holds after everything was thrown away that can be. */
export interface Holding {
  /** Objects, and what lies outside of V8's heap on their account. */
  readonly heapMebibytes: number;
  /** Resident, a page that several processes share by its part. */
  readonly residentMebibytes: number;
  readonly descriptors: number;
  /** Sockets, servers, timers and requests that keep it going. */
  readonly resources: number;
}

/** Asks a process that was started with `--inspect` at that port, by what debuggers speak. */
export const inspected = async (
  pid: number,
  port: number,
): Promise<{ readonly holding: () => Promise<Holding>; readonly close: () => void }> => {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly {
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(target!.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")));
  });
  const waiting = new Map<number, (result: { readonly result?: { readonly value?: unknown } }) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { readonly id: number; readonly result: object };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let last = 0;
  const asked = (method: string, params: object = {}): Promise<{ readonly result?: { readonly value?: unknown } }> => {
    last += 1;
    const id = last;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  return {
    holding: async () => {
      // What is freed may free more.
      for (let time = 0; time < 3; time += 1) await asked("HeapProfiler.collectGarbage");
      const expression = `JSON.stringify([process.memoryUsage(), process.getActiveResourcesInfo().length])`;
      const { result } = await asked("Runtime.evaluate", { expression, returnByValue: true });
      const [{ heapUsed, external }, resources] = JSON.parse(String(result?.value)) as readonly [
        NodeJS.MemoryUsage,
        number,
      ];
      return {
        heapMebibytes: (heapUsed + external) / (1 << 20),
        residentMebibytes: footprint(pid).memoryMebibytes,
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        resources,
      };
    },
    close: () => socket.close(),
  };
};
