/**
 * The compiler, for commands that have a mesh to compile: `--help` and the others have no need of it. While it is read in,
 * the process starts in which policies are evaluated.
 */
export const compiler = async (): Promise<typeof import("./compiled.ts")> => {
  const { startAhead } = await import("../compiler/load/sandbox-process.ts");
  startAhead();
  return import("./compiled.ts");
};
