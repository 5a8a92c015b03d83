import { join } from "node:path";
import { install } from "../rig/install.ts";
import { kills } from "./program/kills.ts";
import { passes } from "./program/passes.ts";
import { stage } from "./program/stage.ts";
const verdicts = {
  pass: (w?: string) => console.log("ok  ", w),
  fail: (w: string, y: string) => console.log("FAIL", w, y.slice(0, 1500)),
  skip: (w: string) => console.log("skip", w),
  say: (l: string) => console.log(l),
};
const s = await stage(await install(), join(import.meta.dirname, "../../cli/mesh-sync.ts"));
try {
  await passes(verdicts, s);
  if (process.argv[2] !== "passes") await kills(verdicts, s);
} finally {
  await s.stop();
}
