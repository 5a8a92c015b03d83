import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["meshwright-source"] },
  ssr: { resolve: { conditions: ["meshwright-source"] } },
  test: {
    include: ["{lib,compiler,cli,targets,runtime,golden,conformance,bench,scripts}/**/*.test.ts"],
    testTimeout: 120_000,
    // A busy machine is late: what is waited for comes, or the test has no end.
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
});
