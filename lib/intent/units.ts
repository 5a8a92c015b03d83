/** A length of time: `"250ms"`, `"2s"`, `"1.5m"`, `"1h"`. Whole milliseconds, more than zero. */
export type Duration = `${number}ms` | `${number}s` | `${number}m` | `${number}h`;

/** An absolute path without query or fragment. */
export type Path = `/${string}`;

/** An HTTP method in capitals. */
export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT";
