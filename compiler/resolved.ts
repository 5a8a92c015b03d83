/** What follows loading, apart so that it can be read in while modules are loaded. */
export { intents } from "./lower/intents.ts";
export { lower } from "./lower/index.ts";
export { shapeViolations } from "./shape/shape-violations.ts";
export { violations } from "./validate/index.ts";
