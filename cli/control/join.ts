import { mkdir, readFile } from "node:fs/promises";
import { Command } from "commander";
import { exitCode } from "../exit-code.ts";
import { workloadId } from "./arguments.ts";

interface JoinOptions {
  readonly server: string;
  readonly roots: string;
  readonly out: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly kubernetesToken?: string;
  readonly keep?: true;
}

/** `mesh-control join`: a machine's identity, into a folder from which Envoy reads it; with `--keep` renewed until it is stopped. */
export const joinCommand = (): Command =>
  new Command("join")
    .description("get a workload's identity for this machine, with a token")
    .argument("<workload>", "NAMESPACE/NAME, as the graph has it", workloadId)
    .requiredOption("--roots <file>", "the roots of the mesh: no other server is believed")
    .requiredOption("--out <folder>", "where the identity is written")
    .option("--server <url>", "the control plane's join address", "https://127.0.0.1:15013")
    .option("--token <token>", "from `mesh-control token`; `-` reads it from standard input")
    .option("--token-file <file>", "a file that holds it")
    .option("--kubernetes-token <file>", "a projected service account token with the audience `meshwright`")
    .option("--keep", "renew the identity at half of its life until told to end")
    .action(async (workload: string, options: JoinOptions) => {
      const { joined, kept } = await import("../../runtime/control/identity/index.ts");
      await mkdir(options.out, { recursive: true });
      const [token, kubernetesToken] = await Promise.all([
        options.tokenFile ? read(options.tokenFile) : options.token === "-" ? standardInput() : options.token,
        options.kubernetesToken && read(options.kubernetesToken),
      ]);
      if (token === undefined && kubernetesToken === undefined)
        throw new Error("say who you are: --token, --token-file or --kubernetes-token");
      const answer = await joined({
        server: options.server,
        roots: await readFile(options.roots, "utf8"),
        workload,
        folder: options.out,
        ...(token !== undefined && { token }),
        ...(kubernetesToken !== undefined && { kubernetesToken }),
      });
      if (answer.kind === "refused") {
        process.stderr.write(`mesh-control: ${answer.reason}\n`);
        process.exitCode = exitCode.errors;
        return;
      }
      process.stdout.write(`${answer.identity} until ${new Date(answer.expiresAt).toISOString()}, in ${options.out}\n`);
      if (!options.keep) return;
      const keeping = kept({
        server: options.server,
        folder: options.out,
        log: (entry) => void process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`),
      });
      // Its timers keep no process alive.
      const alive = setInterval(() => undefined, 60_000);
      await new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
      });
      keeping.stop();
      clearInterval(alive);
    });

const read = async (file: string): Promise<string> => (await readFile(file, "utf8")).trim();

const standardInput = async (): Promise<string> => {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
};
