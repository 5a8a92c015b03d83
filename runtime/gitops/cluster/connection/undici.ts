import { createRequire } from "node:module";
import type { Dispatcher, Pool } from "undici";

type Undici = typeof import("undici");

/**
 * The parts of undici that connections are made of. With its index come fetch, WebSocket and caches, which is a tenth of a second of
 * every start. The paths are undici's own, and so its version is pinned.
 */
const require = createRequire(import.meta.url);
const { request } = require("undici/lib/api/index.js") as {
  readonly request: (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;
};
const PoolAlone = require("undici/lib/dispatcher/pool.js") as Undici["Pool"];

export const pool = (origin: string, options: Pool.Options): Dispatcher => new PoolAlone(origin, options);

export const proxied = (options: ConstructorParameters<Undici["ProxyAgent"]>[0]): Dispatcher =>
  new (require("undici") as Undici).ProxyAgent(options);

/** What `dispatcher.request` is where the index was loaded. */
export const requested = (
  dispatcher: Dispatcher,
  options: Dispatcher.RequestOptions,
): Promise<Dispatcher.ResponseData> => request.call(dispatcher, options);
