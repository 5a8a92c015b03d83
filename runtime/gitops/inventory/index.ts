export { applySet, type ApplySet, type ApplySetOptions, type Members, type Scope } from "./apply-set.ts";
export { applySetId, groupKind } from "./identifier.ts";
