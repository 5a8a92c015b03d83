import type { LiveState } from "../../live.ts";
import { element } from "../model.ts";
import { showTraffic, traffic } from "./traffic.ts";
import { remember } from "./try.ts";

/** Follows the server's events: what is in force, what is broken, and what goes over the edges. */
export const stateListeners = (): void => {
  follow();
  // Whoever selects something sees its numbers at once.
  new MutationObserver(showTraffic).observe(element("selection"), { childList: true });
};

const againMs = 2000;

const follow = (): void => {
  const events = new EventSource("/events");
  events.addEventListener("message", ({ data }: MessageEvent<string>) => show(JSON.parse(data) as LiveState));
  events.addEventListener("error", () => {
    connection("The mesh does not answer: has mesh-compile up ended?");
    traffic([]);
    if (events.readyState !== EventSource.CLOSED) return;
    setTimeout(follow, againMs);
  });
};

const show = (state: LiveState): void => {
  // Services came, or splits are others: the picture is drawn where the mesh is known.
  if (state.drawing !== document.documentElement.dataset["drawing"]) {
    remember();
    location.reload();
    return;
  }
  connection("");
  const broken = element("broken");
  broken.hidden = state.broken === undefined;
  texted(broken.querySelector("pre"), state.broken ?? "");
  const silent = element("silent");
  silent.hidden = state.silent.length === 0;
  texted(silent, `No answer from the proxy of ${state.silent.join(", ")}`);
  const [summary, meaning] = element("meaning").children;
  texted(
    summary,
    `In force since ${new Date(state.inForce.since).toLocaleTimeString()}: ${state.inForce.says.split("\n", 1)[0] ?? ""}`,
  );
  texted(meaning, state.inForce.says);
  traffic(state.edges);
};

const connection = (text: string): void => {
  element("connection").hidden = text === "";
  texted(element("connection"), text);
};

/** Only where it differs: what is read aloud, or selected by the reader, stays as it is. */
const texted = (on: Element | null | undefined, text: string): void => {
  if (on && on.textContent !== text) on.textContent = text;
};
