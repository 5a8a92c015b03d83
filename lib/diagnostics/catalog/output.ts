import { entry } from "./entry.ts";

/** MESH01xx: what the compiler writes. */
export const outputCodes = {
  MESH0100: entry<{ readonly path: string; readonly reason: string }>({
    severity: "error",
    name: "the-output-can-be-written",
    message: ({ path, reason }) => `${path} cannot be written: ${reason}; what was there is as it was`,
    fix: () => "choose another place with --out, or make this one writable; a folder must hold nothing of yours",
  }),
};
