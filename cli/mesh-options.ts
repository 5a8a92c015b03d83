import { type Command, Option } from "commander";
import { diagnosticsFormats, type DiagnosticsFormat } from "./diagnostics.ts";

/** What every command that compiles understands. */
export interface MeshOptions {
  readonly mesh: string;
  readonly env?: string;
  readonly types: boolean;
  readonly format: DiagnosticsFormat;
}

export const withMeshOptions = (command: Command): Command =>
  withMesh(command).addOption(
    new Option("--format <format>", "how diagnostics are written").choices(diagnosticsFormats).default("text"),
  );

/** The same without a format, for commands that have formats of their own. */
export const withMesh = (command: Command): Command =>
  withMeshUntyped(command).option("--no-types", "leave out the type check, for whoever has just run it");

/** For what leaves types to others anyway. */
export const withMeshUntyped = (command: Command): Command =>
  command
    .option("--mesh <folder>", "the mesh folder, where mesh.config.ts is", ".")
    .option("--env <environment>", "compile for one of the environments that mesh.config.ts declares");
