/** The module that makes a folder a mesh folder. */
export const configModule = "mesh.config.ts";

/** Whether a file is a module is decided here alone, by its name. */
export const isModuleName = (name: string): boolean => /\.ts$/.test(name) && !/\.(?:test|test-d|d)\.ts$/.test(name);

/** Folders at the top of a mesh folder that hold no policies; elsewhere, only `node_modules` does not. */
export const unlistedFolders: ReadonlySet<string> = new Set(["graph", "node_modules", "out", "dist"]);
