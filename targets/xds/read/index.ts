import type { Reader } from "../../target.ts";
import type { ProxyConfiguration } from "../resource.ts";
export const read: Reader<ProxyConfiguration> = () => ({ value: undefined, diagnostics: [] });
