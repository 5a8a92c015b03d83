import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["meshwright-source"] },
  ssr: { resolve: { conditions: ["meshwright-source"] } },
  test: {
    include: ["{lib,compiler,cli,targets,runtime,golden,conformance,bench,scripts}/**/*.test.ts"],
    testTimeout: 120_000,
    maxWorkers: 2,
  },
});
