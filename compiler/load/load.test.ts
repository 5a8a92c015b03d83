import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loaded, meshOf, told } from "./fixture.ts";
import { load } from "./index.ts";

const toldBy = async (files: Readonly<Record<string, string | Buffer>>, types = false): Promise<readonly string[]> =>
  told(files, (await loaded(files, { types })).diagnostics);

const graph = `import type { HttpServiceHandle } from "meshwright";
export const reviews: HttpServiceHandle<"v1" | "v2"> = { $kind: "service", $id: "shop/reviews", $subsets: ["v1", "v2"], v1: { $kind: "subset", $service: "shop/reviews", $subset: "v1" }, v2: { $kind: "subset", $service: "shop/reviews", $subset: "v2" } };
export const ratings: HttpServiceHandle = { $kind: "service", $id: "shop/ratings", $subsets: [] };
`;

describe("a mesh folder becomes plain data", () => {
  const files = {
    "mesh.config.ts":
      'import { mesh } from "meshwright";\nexport default mesh({ folders: { ".": ["shop"] }, defaults: { mtls: "strict", access: "nobody" } });\n',
    "graph/shop.ts": graph,
    "shop/reviews.ts":
      'import { policy, route, split, type Duration } from "meshwright";\nimport { reviews } from "#graph/shop";\nimport { timeout } from "../shared.ts";\nconst limit: Duration = timeout;\nexport default policy(reviews, { routes: [route({ to: split(reviews, { v1: 90, v2: 10 }), timeout: limit })] });\n',
    "shop/Other.ts": "export default [];\n",
    "shared.ts": 'export const timeout = "2s";\n',
    "a/reviews.test.ts": "throw new Error();\n",
    "a/types.d.ts": "declare const x: number;\n",
    "a/types.ts": "export type T = 1;\n",
    "vite.config.js": "throw new Error();\n",
    "node_modules/x/index.ts": "throw new Error();\n",
    "out/x.ts": "throw new Error();\n",
    ".hidden/x.ts": "throw new Error();\n",
    "a/notes.md": "# notes\n",
  };

  test("with types checked: modules by name in code-unit order, helpers and handles left out", async () => {
    const { value, diagnostics } = await loaded(files, { types: true });
    expect(diagnostics).toEqual([]);
    expect(value?.config).toEqual({ folders: { ".": ["shop"] }, defaults: { mtls: "strict", access: "nobody" } });
    expect(value?.modules.map(({ module }) => module)).toEqual(["shop/Other.ts", "shop/reviews.ts"]);
    expect(value?.modules[1]?.value).toMatchObject({
      kind: "policy",
      about: { $id: "shop/reviews" },
      intent: { routes: [{ kind: "route", timeout: "2s", to: { kind: "split", weights: { v1: 90, v2: 10 } } }] },
    });
  });

  test("an undefined property is one that is absent", async () => {
    const { value } = await loaded({ "a.ts": "export default { a: undefined, b: null, c: [null], d: -0 };" });
    expect(JSON.stringify(value?.modules[0]?.value)).toBe('{"b":null,"c":[null],"d":0}');
  });

  test("vary takes the environment's value, else the default", async () => {
    const text =
      'import { vary } from "meshwright";\nexport default { timeout: vary({ default: "2s", production: "1s" }) };\n';
    const of = async (environment?: string) =>
      (await loaded({ "a.ts": text }, { environment })).value?.modules[0]?.value;
    expect(await of()).toEqual({ timeout: "2s" });
    expect(await of("production")).toEqual({ timeout: "1s" });
    expect(await of("staging")).toEqual({ timeout: "2s" });
    expect(await of("toString")).toEqual({ timeout: "2s" });
  });

  test("modules cannot change what others import", async () => {
    const files = {
      "z.ts": "export const shared = { list: [1] };\n",
      "a.ts": 'import { shared } from "./z.ts";\nshared.list.push(2);\nexport default shared;\n',
      "b.ts": 'import { shared } from "./z.ts";\nexport default shared;\n',
    };
    expect(await toldBy(files)).toEqual(["MESH0021 a.ts: shared.list.push(2)"]);
  });
});

test("a value that varies without end is refused, as its names could not all be checked", async () => {
  const values = `{ default: 1, ${Array.from({ length: 101 }, (_, index) => `e${index}: 2`).join(", ")} }`;
  const call = `vary(${values})`;
  expect(await toldBy({ "a.ts": `import { vary } from "meshwright";\nexport default { a: ${call} };\n` })).toEqual([
    `MESH0021 a.ts: ${call}`,
  ]);
});

describe("nothing that looks like a policy is lost in silence", () => {
  const lib = 'import { policy } from "meshwright";\nconst ns = { $kind: "namespace", $id: "shop" } as const;\n';
  const made = 'policy(ns, { mtls: "strict" })';

  test("a policy that no module exports by default", async () => {
    expect(await toldBy({ "a.ts": `${lib}${made};\n` })).toEqual([`MESH0027 a.ts: ${made}`]);
    expect(await toldBy({ "a.ts": `${lib}export const a = ${made};\nexport default [];\n` })).toEqual([
      `MESH0027 a.ts: ${made}`,
    ]);
  });

  test("but not one that is a member of a list, or that another module exports", async () => {
    expect(await toldBy({ "a.ts": `${lib}const a = ${made};\nexport default [[a]];\n` })).toEqual([]);
    expect(
      await toldBy({
        "make.ts": `${lib}export const make = () => ${made};\n`,
        "b.ts": 'import { make } from "./make.ts";\nexport default make();\n',
      }),
    ).toEqual([]);
  });

  test("a module that says nothing and lends nothing", async () => {
    expect(await toldBy({ "a.ts": "" })).toEqual(["MESH0028 a.ts: "]);
  });

  test("a file that is no module by its name", async () => {
    expect(await toldBy({ "shop/a.mts": "export default [];\n", "shop/b.js": "", "shop/c.md": "" })).toEqual([
      "MESH0029",
      "MESH0029",
    ]);
  });

  test("folders below the top that are called like the compiler's own", async () => {
    const { value } = await loaded({
      "shop/graph/a.ts": "export default [];\n",
      "shop/out/b.ts": "export default [];\n",
    });
    expect(value?.modules.map(({ module }) => module)).toEqual(["shop/graph/a.ts", "shop/out/b.ts"]);
  });
});

describe("every mistake in the folder is a diagnostic", () => {
  test("a folder that is not there, or is a file", async () => {
    expect(told({}, (await load("/nonexistent/mesh", { types: true })).diagnostics)).toEqual(["MESH0001"]);
    const file = join(meshOf({}), "mesh.config.ts");
    expect(told({}, (await load(file, { types: true })).diagnostics)).toEqual(["MESH0001"]);
  });

  test("an empty folder", async () => {
    const folder = join(meshOf({}), "empty");
    mkdirSync(folder);
    expect(told({}, (await load(folder, { types: true })).diagnostics)).toEqual(["MESH0002"]);
  });

  test("a config without default export", async () => {
    expect(await toldBy({ "mesh.config.ts": "export const config = {};\n" })).toEqual(["MESH0003 mesh.config.ts: "]);
  });

  test("what is named like a module and cannot be read as one", async () => {
    const files = {
      "latin1.ts": Buffer.from("export default { a: '\xe9' };", "latin1"),
      "large.ts": `export default "${"x".repeat(1 << 20)}";`,
    };
    expect((await loaded(files)).diagnostics.map(({ message }) => message)).toEqual([
      "cannot read large.ts: it is larger than 1 MiB",
      "cannot read latin1.ts: it is not UTF-8",
    ]);
    const folder = meshOf({});
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling.ts"));
    mkdirSync(join(folder, "folder.ts"));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, "socket.ts"), resolve));
    onTestFinished(() => void server.close());
    expect((await load(folder, { types: false })).diagnostics.map(({ message }) => message)).toEqual([
      "cannot read dangling.ts: no such file or directory",
      "cannot read socket.ts: it is not a regular file",
    ]);
  });

  test.each(["a\nb.ts", "a(1,1): error.ts", "ü.ts", "a?b.ts", "a\\b.ts", "quote'.ts", "fo\no/b.ts"])(
    "a name like %j",
    async (name) => {
      const { diagnostics } = await loaded({ [name]: "export default {};\n" });
      expect(diagnostics.map(({ code }) => code)).toEqual(["MESH0005"]);
      expect(diagnostics[0]!.message).not.toContain("\n");
    },
  );

  test("names that differ only in case", async () => {
    expect(await toldBy({ "a.ts": "export default {};\n", "A.ts": "export default {};\n" })).toEqual(["MESH0007"]);
  });

  test("a syntax error, underlined, once, with and without types", async () => {
    const files = { "a.ts": "export default { a: 1 b: 2 };\n" };
    for (const types of [false, true]) expect(await toldBy(files, types)).toEqual(["MESH0010 a.ts: b"]);
  });

  test("what only an engine refuses", async () => {
    const { diagnostics } = await loaded({ "a.ts": "let a = 1;\nlet a = 2;\nexport default {};\n" });
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^MESH0010 syntax error: .*'a'/),
    ]);
  });

  test.each([
    ["an enum", "export enum E { A }", "E"],
    ["a namespace", "namespace N { export const a = 1; }", "N"],
    ["a parameter property", "class A { constructor(readonly a: number) {} }", "readonly a: number"],
    ["an angle-bracket assertion", "const a = <number>1;", "<number>1"],
    ["import =", 'import a = require("./b.ts");', 'import a = require("./b.ts");'],
    ["with", "with ({}) {}", "with ({}) {}"],
    ["a decorator", "const d = () => {};\n@d class A {}", "@d"],
    ["asynchrony", "const f = async () => 1;", "async"],
  ])("syntax that needs more than erasure: %s", async (_, text, underlined) => {
    for (const types of [false, true]) {
      expect(await toldBy({ "a.ts": `${text}\nexport default {};\n` }, types)).toEqual([
        `MESH0016 a.ts: ${underlined}`,
      ]);
    }
  });

  test("a cycle of imports is named from its first module on", async () => {
    const files = {
      "c.ts": 'import { b } from "./b.ts";\nexport const c = b;\nexport default {};\n',
      "b.ts": 'import { d } from "./d.ts";\nexport const b = d;\n',
      "d.ts": 'import { c } from "./c.ts";\nexport const d = c;\n',
      "a.ts": 'import "./d.ts";\nexport default {};\n',
      "self.ts": 'import "./self.ts";\n',
    };
    const { diagnostics } = await loaded(files);
    expect(told(files, diagnostics)).toEqual(['MESH0014 b.ts: "./d.ts"', 'MESH0014 self.ts: "./self.ts"']);
    expect(diagnostics[0]!.message).toContain("b.ts → d.ts → c.ts → b.ts");
  });

  test("imports of what is not there name what is near", async () => {
    const files = {
      "graph/shop.ts": graph,
      "lib/timeouts.ts": "export const fast = 1;\n",
      "a.ts":
        'import { reveiws } from "#graph/shop";\nimport { fast } from "./lib/timeouts.ts";\nexport default { reveiws, fast };\n',
      "b.ts": 'import { reviews } from "#graph/shopp";\nexport default reviews;\n',
      "c.ts": 'import { fast } from "./lib/timeout.ts";\nexport default fast;\n',
      "d.ts": 'import { fast } from "./lib/timeouts";\nexport default fast;\n',
      "e.ts": 'import { polcy } from "meshwright";\nexport default polcy;\n',
    };
    for (const types of [false, true]) {
      const { diagnostics } = await loaded(files, { types });
      const b = diagnostics.map(({ message }) => message).join("\n");
      expect(told(files, diagnostics).filter((line) => !line.startsWith("MESH0015"))).toEqual([
        'MESH0013 b.ts: "#graph/shopp"',
        'MESH0013 c.ts: "./lib/timeout.ts"',
        'MESH0013 d.ts: "./lib/timeouts"',
      ]);
      expect(b).toContain('did you mean "#graph/shop"?');
      expect(b).toContain('did you mean "./lib/timeouts.ts"?');
    }
    const { "b.ts": _b, "c.ts": _c, "d.ts": _d, ...exported } = files;
    for (const types of [false, true]) {
      const { diagnostics } = await loaded(exported, { types });
      expect(told(exported, diagnostics)).toEqual(["MESH0015 a.ts: reveiws", "MESH0015 e.ts: polcy"]);
      expect(diagnostics[0]!.message).toContain("did you mean `reviews`?");
    }
  });

  test("a throw is underlined where it stands, in whichever module", async () => {
    const files = {
      "fail.ts": "export const fail = (why: string): never => {\n  throw new Error(why);\n};\n",
      "a.ts": 'import { fail } from "./fail.ts";\nexport default { a: fail("no") };\n',
      "b.ts": "const a: any = undefined;\nexport default { b: a.b.c };\n",
      "c.ts": "export default { c: (null as any)() };\n",
      "d.ts": 'import { split } from "meshwright";\nexport default (split as any)(undefined, null)?.to.x.y;\n',
      "e.ts": "export default [1].map((n) => (n as any).x.y);\n",
    };
    const { diagnostics } = await loaded(files);
    expect(told(files, diagnostics)).toEqual([
      "MESH0021 b.ts: a.b",
      "MESH0021 c.ts: (null as any)()",
      "MESH0021 d.ts: (split as any)(undefined, null)?.to.x",
      "MESH0021 e.ts: (n as any).x.y",
      "MESH0021 fail.ts: new Error(why)",
    ]);
    expect(diagnostics.at(-1)!.message).toBe("a.ts failed: Error: no");
  });
});

describe("types", () => {
  test("an error is told with its code and text, and underlines the name or expression", async () => {
    const files = {
      "graph/shop.ts": graph,
      "a.ts":
        'import { policy, route } from "meshwright";\nimport { reviews } from "#graph/shop";\nexport default policy(reviews, { /* é😀 */ mtls: "strickt", routes: [route({ to: reviews.v3 })] });\n',
    };
    const { value, diagnostics } = await loaded(files, { types: true });
    expect(value).toBeUndefined();
    expect(told(files, diagnostics)).toEqual(["MESH0011 a.ts: mtls", "MESH0011 a.ts: v3"]);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Type '"strickt"' is not assignable to type .*\(TS2\d{3}\)$/s),
      expect.stringMatching(/^Property 'v3' does not exist .*\(TS2\d{3}\)$/s),
    ]);
  });

  test("what merely follows from a type error is not told as well", async () => {
    const files = {
      "shared.ts": "export const a: { b: number } = {} as { c: number };\n",
      "a.ts": 'import { a } from "./shared.ts";\nexport default { a: (a as any).b.c };\n',
      "z.ts": "export default { z: (undefined as any).z };\n",
    };
    expect(await toldBy(files, true)).toEqual(["MESH0011 shared.ts: a", "MESH0021 z.ts: (undefined as any).z"]);
  });

  test("what policies cannot reach is told once, the same with and without types", async () => {
    const files = {
      "a.ts": "export default { a: process.env.A, b: 1 };\n",
      "b.ts": 'fetch("x");\nexport default {};\n',
    };
    const without = await loaded(files);
    const with_ = await loaded(files, { types: true });
    expect(told(files, with_.diagnostics)).toEqual(["MESH0020 a.ts: process", "MESH0020 b.ts: fetch"]);
    expect(with_.diagnostics).toEqual(without.diagnostics);
  });

  test("imports that only the checker follows keep the same law", async () => {
    const outside = meshOf({ "secret.ts": "export type Secret = 'hush';\n" });
    const files = {
      "a.ts": `import type { Secret } from "${outside}/secret.ts";\nexport default { a: "x" as Secret };\n`,
      "b.ts": `export default { b: 1 as unknown as import("../${outside.split("/").at(-1)!}/secret.ts").Secret };\n`,
      "c.ts": `/// <reference path="${outside}/secret.ts" />\nexport default {};\n`,
    };
    const { diagnostics } = await loaded(files, { types: true });
    expect(
      diagnostics.map(({ code, place }) => `${code} ${place !== undefined && "span" in place ? place.span.file : ""}`),
    ).toEqual(["MESH0013 a.ts", "MESH0013 b.ts", "MESH0013 c.ts"]);
    expect(JSON.stringify(diagnostics)).not.toContain("hush");
  });

  test("nothing is written into the mesh folder", async () => {
    const folder = meshOf({ "a.ts": "export default {};\n" });
    chmodSync(folder, 0o555);
    writeFileSync(join(meshOf({}), "x"), "");
    const { readdirSync } = await import("node:fs");
    await load(folder, { types: true });
    expect(readdirSync(folder).sort()).toEqual(["a.ts", "mesh.config.ts"]);
    chmodSync(folder, 0o755);
  });
});
