import type { Live } from "../live.ts";
import { escaped } from "../shown-text.ts";

/** What is in force, or broken, and what goes over the edges: the page's script fills it in. */
export const liveState = (): string =>
  [
    `<section id="state" aria-label="In force"><p id="connection" class="kicker" role="status">Connecting …</p>`,
    `<div id="broken" role="alert" hidden><h3>Broken: what was in force stays in force</h3><pre></pre></div>`,
    `<p id="silent" role="alert" hidden></p>`,
    `<details id="meaning"><summary></summary><pre tabindex="0"></pre></details></section>`,
    `<section id="traffic" aria-label="Traffic"><h3>Now</h3><table><thead><tr><th scope="col">Call</th><th scope="col">per second</th><th scope="col">403</th><th scope="col">failed</th></tr></thead><tbody></tbody></table><p class="nothing">Nobody calls anybody.</p></section>`,
  ].join("");

/** A request to be tried; it is sent by the script alone. */
export const tryForm = ({ callers, example }: Live): string =>
  [
    `<section id="try" aria-label="Try a request"><h3>Try a request</h3><form id="try-form" autocomplete="off">`,
    `<label>From<select id="try-from">${callers.map((caller) => `<option>${escaped(caller)}</option>`).join("")}</select></label>`,
    `<div class="line"><label>Method<input id="try-method" value="GET" maxlength="20" size="7" spellcheck="false" list="methods"></label>`,
    `<datalist id="methods">${["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => `<option value="${method}">`).join("")}</datalist>`,
    `<label>URL<input id="try-url" value="${escaped(example)}" maxlength="4000" spellcheck="false" required></label></div>`,
    `<label>Headers, one a line<textarea id="try-headers" rows="2" maxlength="8000" spellcheck="false" placeholder="end-user: jason"></textarea></label>`,
    `<button id="try-send" class="primary">Send through the caller's proxy</button></form>`,
    `<div id="tried" role="status"></div></section>`,
  ].join("");
