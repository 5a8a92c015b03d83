import { ink, model } from "./model.ts";

type Box = readonly [x: number, y: number, width: number, height: number];

const svg = ink("graph");
const world = ink("world");
// Numbers that change are written large for as long as labels are smaller than they should be.
const near = document.documentElement.dataset["drawing"] === undefined ? 0.62 : 0.85;
const still = matchMedia("(prefers-reduced-motion: reduce)");
// None becomes wider than its panel.
const headings = model.groups.map(({ box }, index) => {
  const text = ink(`h${index}`).querySelector<SVGGElement>(".heading-text");
  if (text === null) throw new Error(`no heading ${index}`);
  return { text, most: Math.max(1, (box[2] - 12) / Math.max(1, text.getBBox().width + 10)) };
});
let at = { x: 0, y: 0, scale: 1 };
let moving = 0;

const show = (to: typeof at): void => {
  at = to;
  world.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.scale})`);
  svg.dataset["zoom"] = at.scale < 0.38 ? "far" : at.scale < near ? "middle" : "near";
  // Headings keep their size on the screen when everything else becomes small.
  svg.style.setProperty("--name", String(0.95 / at.scale));
  const wanted = Math.min(9, Math.max(1, 0.68 / at.scale));
  for (const { text, most } of headings) text.style.setProperty("--heading", String(Math.min(wanted, most)));
};

const move = (to: typeof at): void => {
  cancelAnimationFrame(moving);
  if (still.matches) return show(to);
  const [from, began] = [at, performance.now()];
  const step = (now: number): void => {
    const part = Math.min(1, (now - began) / 220);
    const eased = 1 - (1 - part) ** 3;
    const between = (a: number, b: number): number => a + (b - a) * eased;
    show({ x: between(from.x, to.x), y: between(from.y, to.y), scale: between(from.scale, to.scale) });
    if (part < 1) moving = requestAnimationFrame(step);
  };
  moving = requestAnimationFrame(step);
};

/** The whole drawing, or a part of it, as large as the stage allows and no larger than natural size. */
export const fit = ([x, y, width, height]: Box = [0, 0, model.width, model.height], jump = false): void => {
  const { clientWidth, clientHeight } = svg;
  const scale = Math.min(1.15, (clientWidth - 16) / width, (clientHeight - 16) / height);
  const to = { scale, x: clientWidth / 2 - (x + width / 2) * scale, y: clientHeight / 2 - (y + height / 2) * scale };
  if (jump) show(to);
  else move(to);
};

/** Moves as little as it takes to see a box in full, and comes closer where its words could not be read. */
export const reveal = ([x, y, width, height]: Box): void => {
  const { clientWidth, clientHeight } = svg;
  const scale = Math.max(at.scale, 0.75);
  const [left, top] = [at.x + x * at.scale, at.y + y * at.scale];
  const inside =
    left > 24 && top > 24 && left + width * at.scale < clientWidth - 24 && top + height * at.scale < clientHeight - 24;
  if (inside && at.scale >= 0.5) return;
  move({ scale, x: clientWidth / 2 - (x + width / 2) * scale, y: clientHeight / 2 - (y + height / 2) * scale });
};

/** Closer or farther, around a point of the stage. */
export const zoom = (factor: number, px = svg.clientWidth / 2, py = svg.clientHeight / 2, jump = false): void => {
  const scale = Math.min(4, Math.max(0.03, at.scale * factor));
  const to = {
    scale,
    x: px - ((px - at.x) * scale) / at.scale,
    y: py - ((py - at.y) * scale) / at.scale,
  };
  if (jump) show(to);
  else move(to);
};

/** Whether the last press was a drag, which selects nothing. */
export let dragged = false;

/** Wheel, drag and pinch. */
export const listen = (): void => {
  svg.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      cancelAnimationFrame(moving);
      const { left, top } = svg.getBoundingClientRect();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      zoom(Math.exp(-event.deltaY * lines * 0.0016), event.clientX - left, event.clientY - top, true);
    },
    { passive: false },
  );
  const fingers = new Map<number, { x: number; y: number }>();
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    cancelAnimationFrame(moving);
    if (fingers.size === 0) dragged = false;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (last === undefined) return;
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    const now = { x: event.clientX, y: event.clientY };
    if (!dragged && Math.hypot(now.x - last.x, now.y - last.y) < 4) return;
    dragged = true;
    svg.classList.add("dragging");
    fingers.set(event.pointerId, now);
    if (other === undefined) return show({ ...at, x: at.x + now.x - last.x, y: at.y + now.y - last.y });
    const { left, top } = svg.getBoundingClientRect();
    const [far, near] = [Math.hypot(now.x - other.x, now.y - other.y), Math.hypot(last.x - other.x, last.y - other.y)];
    zoom(far / Math.max(near, 1), (now.x + other.x) / 2 - left, (now.y + other.y) / 2 - top, true);
  });
  const lift = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (fingers.size === 0) svg.classList.remove("dragging");
  };
  addEventListener("pointerup", lift);
  addEventListener("pointercancel", lift);
  let whole = true;
  new ResizeObserver(() => {
    if (whole) fit(undefined, true);
    whole = false;
  }).observe(svg);
  // On paper the whole drawing is shown, as large as the sheet.
  addEventListener("beforeprint", () => {
    svg.setAttribute("viewBox", `0 0 ${model.width} ${model.height}`);
    world.removeAttribute("transform");
  });
  addEventListener("afterprint", () => {
    svg.removeAttribute("viewBox");
    show(at);
  });
  svg.removeAttribute("viewBox");
};
