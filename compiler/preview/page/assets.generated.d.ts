// Generated file: do not edit.
// generator: compiler/preview/page/generate.ts, from browser/main.ts and browser/style
export declare const script: string;
export declare const scriptHash: string;
export declare const style: string;
export declare const styleHash: string;
export declare const liveScript: string;
export declare const liveScriptHash: string;
export declare const liveStyle: string;
export declare const liveStyleHash: string;
