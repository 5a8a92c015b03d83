import type { Call } from "../../lib/model/call.ts";

/** The command that asks about a call, to be pasted into a shell: `callOf` reads it back as the same call. */
export const explainCommand = (call: Call, options: readonly string[] = []): string => {
  const { from, to, port, request } = call;
  const address =
    to.kind === "elsewhere" ? "elsewhere" : to.kind === "workload" ? `workload:${to.workload}` : `service:${to.host}`;
  const asked =
    request === "connection"
      ? { line: `tcp://${to.kind === "destination" ? to.host : "address"}:${port}`, headers: [] }
      : {
          line: `${request.method} http://${request.host.replace(/:\d+$/, "")}:${port}${request.target}`,
          headers: request.headers.flatMap(([name, value]) => ["-H", quoted(`${name}: ${value}`)]),
        };
  const named =
    to.kind === "destination" && (request === "connection" || request.host.replace(/:\d+$/, "") === to.host);
  return [
    "mesh-compile explain",
    quoted(asked.line),
    "--from",
    quoted(from),
    ...asked.headers,
    ...(named ? [] : ["--address", quoted(address)]),
    ...options.map(quoted),
  ].join(" ");
};

/** As a POSIX shell takes it for one word. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
