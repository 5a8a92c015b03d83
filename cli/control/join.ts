import { X509Certificate } from "node:crypto";
import { Command, Option } from "commander";
import type { HeldIdentity } from "../../runtime/control/identity/index.ts";
import { exitCode } from "../exit-code.ts";
import { argumentFile, argumentFolder } from "../arguments/file.ts";
import { httpsUrl, workloadId } from "../arguments.ts";
import { logLines } from "../log-lines.ts";

interface JoinOptions {
  readonly server: string;
  readonly roots: string;
  readonly out: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly kubernetesToken?: string;
  readonly keep?: true;
}

/**
 * `mesh-control join`: a machine's identity, into a folder from which Envoy reads it; with `--keep` renewed until it is
 * stopped. Where the folder has one for the workload already, that is renewed.
 */
export const joinCommand = (): Command =>
  new Command("join")
    .description("get a workload's identity for this machine, with a token")
    .argument("<workload>", "NAMESPACE/NAME, as the graph has it", workloadId)
    .requiredOption("--roots <file>", "the roots of the mesh: no other server is believed")
    .requiredOption("--out <folder>", "where the identity is written")
    .addOption(
      new Option("--server <url>", "the control plane's join address")
        .argParser(httpsUrl)
        .default("https://127.0.0.1:15013"),
    )
    .option("--token <token>", "from `mesh-control token`; `-` reads it from standard input")
    .option("--token-file <file>", "a file that holds it")
    .option("--kubernetes-token <file>", "a projected service account token with the audience `meshwright`")
    .option("--keep", "renew the identity at half of its life until told to end; started again, it needs no token")
    .action(async (workload: string, options: JoinOptions) => {
      const { heldIdentity, joined, kept, renewed } = await import("../../runtime/control/identity/index.ts");
      const { server, out: folder } = options;
      await argumentFolder("--out", folder);
      const token = await (options.token === "-" ? standardInput() : options.token);
      const hasToken = [token, options.tokenFile, options.kubernetesToken].some((one) => one !== undefined);
      /** All files are read at the time: a projected token is replaced long before its machine ends, and roots move on. */
      const joining = async () =>
        joined({
          server,
          roots: await roots(options.roots),
          workload,
          folder,
          ...(options.kubernetesToken === undefined
            ? {
                token:
                  options.tokenFile === undefined ? (token ?? "") : await tokenIn("--token-file", options.tokenFile),
              }
            : { kubernetesToken: await tokenIn("--kubernetes-token", options.kubernetesToken) }),
        });
      const held = await heldIdentity(folder).catch(() => undefined);
      const own = held?.workload === workload ? held : undefined;
      const isAlive = own !== undefined && own.expiresAt > Date.now();
      if (!isAlive && !hasToken) throw new Error(whyJoin(held, workload, folder));
      // A token is good once: who is started again shows what it was given for it.
      let answer = isAlive ? await renewed({ server, folder }) : await joining();
      if (isAlive && answer.kind === "refused" && hasToken) {
        process.stderr.write(`mesh-control: the identity in ${folder} is not renewed, so it joins: ${answer.reason}\n`);
        answer = await joining();
      }
      if (answer.kind === "refused") {
        process.stderr.write(`mesh-control: ${answer.reason}\n`);
        // What is alive is worth keeping while the server is away.
        if (!isAlive || !options.keep) {
          process.exitCode = exitCode.errors;
          return;
        }
      } else
        process.stdout.write(`${answer.identity} until ${new Date(answer.expiresAt).toISOString()}, in ${folder}\n`);
      if (!options.keep) return;
      const keeping = kept({
        server,
        folder,
        log: logLines,
        // Other tokens were good once.
        ...(options.kubernetesToken !== undefined && { again: joining }),
      });
      // Its timers keep this process alive.
      await new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
      });
      keeping.stop();
    });

/** Why a token is needed, by what there is in the folder. */
const whyJoin = (held: HeldIdentity | undefined, workload: string, folder: string): string => {
  const how = "--token, --token-file or --kubernetes-token";
  if (held === undefined) return `say who you are: ${how}`;
  if (held.workload !== workload)
    return `the identity in ${folder} is ${held.workload ?? "no workload that is known"}'s, not ${workload}'s: to join, say ${how}`;
  return `the identity in ${folder} expired at ${new Date(held.expiresAt).toISOString()} and cannot be renewed: to join again, say ${how}`;
};

const tokenIn = async (option: string, file: string): Promise<string> => {
  const token = (await argumentFile(option, file)).trim();
  if (token === "") throw new Error(`${option} ${file}: it is empty, and a token was expected`);
  return token;
};

/** Node would leave out what is no certificate, and say of the server that nobody trusts it. */
const roots = async (file: string): Promise<string> => {
  const text = await argumentFile("--roots", file);
  const { certificatesIn } = await import("../../runtime/control/identity/index.ts");
  if (certificatesIn(text).some(isCertificate)) return text;
  throw new Error(
    `--roots ${file}: it holds no root certificate in PEM, as \`roots.crt\` in the control plane's state does`,
  );
};

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
};

const standardInput = async (): Promise<string> => {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
};
