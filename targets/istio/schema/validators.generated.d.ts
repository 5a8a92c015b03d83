// Generated file: do not edit.
// generator: targets/istio/schema/generate.ts
// source: manifests/charts/base/files/crd-all.gen.yaml of istio.io/istio (Apache-2.0), descriptions left out
// istio: v0.0.0-20260827124520-eed52ebb66ad
// sha256: c0ad59e008658765412badb836e73a523a355e3d792a32ad3c0711a728be5aff
import type { Validator } from "./validator.ts";
export declare const VirtualService: Validator;
export declare const DestinationRule: Validator;
export declare const Gateway: Validator;
export declare const ServiceEntry: Validator;
export declare const Sidecar: Validator;
export declare const PeerAuthentication: Validator;
export declare const AuthorizationPolicy: Validator;
