// Generated file: do not edit.
// generator: compiler/shape/generate.ts, from docs/proxy-config.schema.json
import type { Validator } from "./config-shape.ts";
export declare const proxyConfigValidator: Validator;
