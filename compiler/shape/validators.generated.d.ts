// Generated file: do not edit.
// generator: compiler/shape/generate.ts, from schema.ts
import type { Validator } from "./shape-violations.ts";
export declare const intentValidator: Validator;
export declare const configValidator: Validator;
