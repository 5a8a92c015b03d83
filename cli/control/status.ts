import { Command, Option } from "commander";
import { exitCode } from "../exit-code.ts";
import { hostAndPort } from "../../runtime/host-and-port.ts";
import { addressAndPort } from "../arguments.ts";

interface Status {
  readonly source: {
    readonly revision: number;
    readonly takenAt?: string;
    readonly broken: readonly { readonly code: string; readonly message: string; readonly at?: string }[];
  };
  readonly roots: string;
  readonly clients: number;
  readonly synced: number;
  readonly refusals: readonly {
    readonly client: string;
    readonly type: string;
    readonly message: string;
    readonly at: readonly string[];
  }[];
}

/** `mesh-control status`: what is in force, who has it, and what is wrong. */
export const statusCommand = (): Command =>
  new Command("status")
    .description("say what is in force, who has it, and what is wrong")
    .addOption(
      new Option("--admin <address:port>", "where the control plane is asked")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_014 }, "127.0.0.1:15014"),
    )
    .addOption(new Option("--format <format>", "how it is written").choices(["text", "json"]).default("text"))
    .action(
      async ({
        admin,
        format,
      }: {
        readonly admin: ReturnType<typeof addressAndPort>;
        readonly format: "text" | "json";
      }) => {
        const place = hostAndPort(admin);
        const answer = await fetch(`http://${place}/debug/status`, {
          signal: AbortSignal.timeout(5000),
        }).catch(() => undefined);
        if (!answer?.ok) throw new Error(`no control plane answers at ${place}`);
        const status = (await answer.json()) as Status;
        const isWrong = status.source.broken.length > 0 || status.refusals.length > 0;
        process.stdout.write(format === "json" ? `${JSON.stringify(status, undefined, 2)}\n` : text(status));
        if (isWrong) process.exitCode = exitCode.errors;
      },
    );

/** What proxies say must not steer somebody's terminal. */
const printable = (said: string): string =>
  said.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);

const text = ({ source, roots, clients, synced, refusals }: Status): string =>
  [
    `revision ${source.revision}${source.takenAt === undefined ? "" : `, taken ${source.takenAt}`}; roots ${roots}`,
    `${synced} of ${clients} proxies have all of it`,
    ...source.broken.map(
      ({ code, message, at }) => `not taken: ${at === undefined ? "" : `${at}: `}${code} ${message}`,
    ),
    ...refusals.map(
      ({ client, type, message, at }) =>
        `${printable(client)} refuses its ${type}${at.length > 0 ? ` (${at.join(", ")})` : ""}: ${printable(message)}`,
    ),
    "",
  ].join("\n");
