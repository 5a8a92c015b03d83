import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../pipeline.ts";
import { exampleMesh, found, repository } from "./fixture.ts";

describe("a mesh at a revision compiles to what the folder itself did then", () => {
  test.each([{ types: false }, { types: true }])("%j", async (options) => {
    const made = repository();
    exampleMesh(join(made.folder, "policies/bookinfo"));
    made.commit({});
    made.git("gc", "--quiet");
    const folder = join(made.folder, "policies/bookinfo");
    const then = await compile(folder, options);
    expect(then.value).toBeDefined();

    // Another policy and another graph now: what is compiled is the commit's with the commit's.
    made.shell("rm -r policies/bookinfo/bookinfo policies/bookinfo/graph");
    const base = await found(folder, "HEAD");
    const { value, diagnostics } = await compile(base.folder, options);
    expect(diagnostics).toEqual(then.diagnostics);
    expect(value!.mesh).toEqual(then.value!.mesh);
    expect(value!.graph).toEqual(then.value!.graph);
    expect(value!.platform).toEqual(then.value!.platform);
  });
});
