export { applySet, type ApplySet, type ApplySetOptions, type Members } from "./apply-set.ts";
export { applySetId, groupKind } from "./identifier.ts";
