import { compiler } from "./compiler.ts";
import { Command } from "commander";
import { withMeshOptions, type MeshOptions } from "./mesh-options.ts";
import { exitCode } from "./exit-code.ts";
import { callOf } from "./explain/call.ts";
import { explanation } from "./explain/explanation.ts";
import { explained } from "./explain/text.ts";

interface ExplainOptions extends MeshOptions {
  readonly from: string;
  readonly header: readonly string[];
  readonly address?: string;
}

/** `mesh-compile explain`: what happens to one request, and which line of which policy decided it. */
export const explainCommand = (): Command =>
  withMeshOptions(new Command("explain"))
    .description("say what happens to a request, step by step, with the line that decided each")
    .argument("<request>", 'a method and a URL: "GET http://reviews:9080/reviews/0"')
    .requiredOption("--from <workload>", 'who calls: namespace/name, or "outside"')
    .option(
      "-H, --header <header>",
      'a header, "name: value"; may be repeated',
      (header: string, all: readonly string[]) => [...all, header],
      [] as readonly string[],
    )
    .option(
      "--address <address>",
      "the address dialled, where the URL's host does not name it: service:NAMESPACE/NAME, workload:NAMESPACE/NAME, elsewhere",
    )
    .action(async (request: string, options: ExplainOptions) => {
      const { compiled, spansOf } = await compiler();
      const result = await compiled(options, "something else");
      if (result === undefined) return;
      const { mesh } = result;
      const asked = callOf({ request, from: options.from, headers: options.header, address: options.address }, mesh);
      if ("refused" in asked) {
        process.stderr.write(`error: ${asked.refused}\n`);
        process.exitCode = exitCode.errors;
        return;
      }
      const { decision, spans } = await explanation(asked.call, mesh, (origins) => spansOf(options, origins));
      if (options.format === "json") {
        const located = decision.branches.map(({ share, ends }) => ({
          share,
          ends: ends.map((end) => ({
            ...end,
            steps: end.steps.map(({ at, says, origin }) => ({ at, says, span: origin && spans.get(origin) })),
          })),
        }));
        process.stdout.write(`${JSON.stringify({ call: asked.call, branches: located }, undefined, 2)}\n`);
      } else process.stdout.write(explained(asked.call, decision, spans));
    });
