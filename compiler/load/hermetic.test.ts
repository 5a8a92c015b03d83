import { existsSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loaded, meshOf, once, told, toldOf, toldOfEach } from "./fixture.ts";
import { load } from "./index.ts";

describe("a policy reaches nothing: each attempt is a diagnostic at its expression", () => {
  const attempts: readonly (readonly [name: string, text: string, told: string])[] = [
    ["the process", "export default { a: process.env.HOME };", "MESH0020 a.ts: process"],
    ["the process, bare", "export default { a: process };", "MESH0020 a.ts: process"],
    ["the process, by typeof", "export default { a: typeof process };", "MESH0020 a.ts: process"],
    [
      "the process, through globalThis",
      "export default { a: (globalThis as any).process };",
      "MESH0020 a.ts: (globalThis as any).process",
    ],
    ["its exit", "process.exit(0);\nexport default {};", "MESH0020 a.ts: process"],
    ["the network", 'fetch("https://example.com");\nexport default {};', "MESH0020 a.ts: fetch"],
    ["standard output", 'console.log("here");\nexport default {};', "MESH0020 a.ts: console"],
    [
      "the file system",
      'require("node:fs").writeFileSync("/tmp/x", "");\nexport default {};',
      "MESH0020 a.ts: require",
    ],
    ["import()", 'export default { a: import("node:fs") };', 'MESH0016 a.ts: import("node:fs")'],
    [
      "import() that never runs",
      'export const f = () => import("node:fs");\nexport default {};',
      'MESH0016 a.ts: import("node:fs")',
    ],
    ["import.meta", "export default { a: import.meta.url };", "MESH0016 a.ts: import.meta"],
    [
      "a module of Node",
      'import { readFileSync } from "node:fs";\nexport default readFileSync("/etc/passwd", "utf8");',
      'MESH0013 a.ts: "node:fs"',
    ],
    ["a package", 'import x from "yaml";\nexport default x;', 'MESH0013 a.ts: "yaml"'],
    ["a file outside", 'import x from "../../etc/passwd";\nexport default x;', 'MESH0013 a.ts: "../../etc/passwd"'],
    ["an absolute path", 'import x from "/etc/hostname";\nexport default x;', 'MESH0013 a.ts: "/etc/hostname"'],
    [
      "a data URL",
      'import x from "data:text/javascript,export default 1";\nexport default x;',
      'MESH0013 a.ts: "data:text/javascript,export default 1"',
    ],
    [
      "JSON",
      'import x from "./a.json" with { type: "json" };\nexport default x;',
      'MESH0016 a.ts: with { type: "json" }',
    ],
    ["the clock", "export default { a: Date.now() };", "MESH0020 a.ts: Date"],
    ["the date", "export default { a: new Date().toISOString() };", "MESH0020 a.ts: Date"],
    ["a stopwatch", "export default { a: performance.now() };", "MESH0020 a.ts: performance"],
    ["a timer", "setTimeout(() => {}, 0);\nexport default {};", "MESH0020 a.ts: setTimeout"],
    ["randomness", "export default { a: Math.random() };", "MESH0020 a.ts: Math.random"],
    [
      "randomness by destructuring",
      "const { random } = Math;\nexport default { a: random() };",
      "MESH0020 a.ts: random",
    ],
    [
      "what newer engines add",
      "export default { a: (Math as any).sumPrecise([1]) };",
      "MESH0021 a.ts: (Math as any).sumPrecise([1])",
    ],
    ["digits of the engine's own", "export default { a: Math.sin(1) };", "MESH0021 a.ts: Math.sin(1)"],
    ["a promise without Promise", "export default { a: Array.fromAsync([1]) };", "MESH0021 a.ts: Array.fromAsync([1])"],
    [
      "numbers that are none",
      'export default { a: (JSON as any).rawJSON("1e999") };',
      'MESH0021 a.ts: (JSON as any).rawJSON("1e999")',
    ],
    ["cryptographic randomness", "export default { a: crypto.randomUUID() };", "MESH0020 a.ts: crypto"],
    ["the time zone", "export default { a: Intl.DateTimeFormat().resolvedOptions().timeZone };", "MESH0020 a.ts: Intl"],
    ["the time zone's offset", "export default { a: new Date(0).getTimezoneOffset() };", "MESH0020 a.ts: Date"],
    ["eval", 'export default { a: eval("1") };', 'MESH0016 a.ts: eval("1")'],
    ["eval in disguise", 'export default { a: (0, eval)("1") };', "MESH0020 a.ts: eval"],
    ["Function", 'export default { a: Function("return process")() };', "MESH0020 a.ts: Function"],
    [
      "the constructor of functions",
      'export default { a: (function () {}).constructor("return process")() };',
      'MESH0020 a.ts: (function () {}).constructor("return process")',
    ],
    [
      "the constructor of arrows",
      'export default { a: (() => 0).constructor("return process")() };',
      'MESH0020 a.ts: (() => 0).constructor("return process")',
    ],
    [
      "the constructor of generators",
      'export default { a: (function* () {}).constructor("yield process")().next() };',
      'MESH0020 a.ts: (function* () {}).constructor("yield process")',
    ],
    [
      "the constructor of a library function",
      'import { policy } from "meshwright";\nexport default { a: (policy as any).constructor("return this")() };',
      'MESH0020 a.ts: (policy as any).constructor("return this")',
    ],
    ["asynchrony", "export default { a: (async () => 0)() };", "MESH0016 a.ts: async"],
    ["promises", "export default { a: Promise.resolve(1) };", "MESH0020 a.ts: Promise"],
    ["an unhandled rejection", 'Promise.reject(new Error("x"));\nexport default {};', "MESH0020 a.ts: Promise"],
    ["top-level await", "await 0;\nexport default {};", "MESH0016 a.ts: await 0"],
    [
      "the stack's depth",
      "let depth = 0;\nconst down = (): void => { depth += 1; down(); };\ntry { down(); } catch {}\nexport default { depth };",
      "MESH0016 a.ts: try",
    ],
    ["array buffers", "export default { a: new ArrayBuffer(1 << 30).byteLength };", "MESH0020 a.ts: ArrayBuffer"],
    ["shared memory", "export default { a: new SharedArrayBuffer(8).byteLength };", "MESH0020 a.ts: SharedArrayBuffer"],
    ["typed arrays", "export default { a: new Float64Array(1e9).length };", "MESH0020 a.ts: Float64Array"],
    ["WebAssembly", "export default { a: typeof WebAssembly };", "MESH0020 a.ts: WebAssembly"],
    ["garbage collection", "export default { a: new WeakRef({}).deref() };", "MESH0020 a.ts: WeakRef"],
    ["proxies", "export default new Proxy({}, {});", "MESH0020 a.ts: Proxy"],
    [
      "Object.prototype",
      "(Object.prototype as any).polluted = 1;\nexport default {};",
      "MESH0021 a.ts: (Object.prototype as any).polluted = 1",
    ],
    [
      "Array.prototype",
      "Array.prototype.map = (() => []) as any;\nexport default {};",
      "MESH0021 a.ts: Array.prototype.map = (() => []) as any",
    ],
    [
      "a prototype by __proto__",
      "(({}) as any).__proto__.polluted = 1;\nexport default {};",
      "MESH0021 a.ts: (({}) as any).__proto__.polluted = 1",
    ],
    [
      "a prototype by defineProperty",
      'Object.defineProperty(String.prototype, "trim", { value: 1 });\nexport default {};',
      'MESH0021 a.ts: Object.defineProperty(String.prototype, "trim", { value: 1 })',
    ],
    [
      "the global object",
      "(globalThis as any).shared = 1;\nexport default {};",
      "MESH0021 a.ts: (globalThis as any).shared = 1",
    ],
    [
      "the library's objects",
      'import { present } from "meshwright";\n(present as any).header = "absent";\nexport default {};',
      'MESH0021 a.ts: (present as any).header = "absent"',
    ],
    ["the linker's arguments", "// @ts-ignore\nexport default arguments.length;", "MESH0016 a.ts: arguments"],
    [
      "statements behind letters that are spaces",
      "let m = 0;\ntry\u3000{ m = 1; } catch { m = 2; }\nexport default { m };",
      "MESH0016 a.ts: try",
    ],
    [
      "statements behind ends of lines that are none to others",
      "const a = 1;\nlet b = a\u2028/ 1; try { b = 2; } catch { } 2 / 1;\nexport default { b };",
      "MESH0016 a.ts: try",
    ],
    [
      "statements behind numbers with properties",
      "// @ts-ignore\n1.5.return / 1; try { } catch (e) { } 2 / 1;\nexport default {};",
      "MESH0016 a.ts: try",
    ],
    [
      "the compiler's ear",
      '// @ts-ignore\n__meshwright.varies(["x"]);\nexport default {};',
      'MESH0021 a.ts: __meshwright.varies(["x"])',
    ],
    [
      "the library's settings",
      "(globalThis as any).__meshwright.environment = 1;\nexport default {};",
      "MESH0021 a.ts: (globalThis as any).__meshwright.environment = 1",
    ],
  ];
  // Modules that fail do not hide each other, so all attempts share two loads: of those that can be linked, and the others.
  const found = once(() => toldOfEach(attempts.map(([, text]) => text)));
  test.each(attempts.map(([name, , expected], index) => ({ name, expected, index })))(
    "$name",
    async ({ expected, index }) => {
      expect((await found())[index]).toEqual([expected]);
    },
  );

  test("stack preparation", async () => {
    const text = `(Error as any).prepareStackTrace = (_: unknown, frames: any) => frames;
      const frames = new Error("x").stack as any;
      export default { frames: typeof frames === "string" ? "" : String(frames?.[0]?.getFunction) };`;
    const { value } = await loaded({ "a.ts": text });
    expect(value?.modules[0]?.value ?? {}).not.toMatchObject({ frames: expect.stringContaining("function") });
  });
});

test("a policy that tries the network opens no connection", async () => {
  const connections: unknown[] = [];
  const server = createServer().on("connection", (socket) => connections.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const found = await toldOf(
    `const call: any = (globalThis as any)["fe" + "tch"];\ncall("http://127.0.0.1:${String(port)}");\nexport default {};`,
  );
  server.close();
  expect(found).toHaveLength(1);
  expect(connections).toHaveLength(0);
});

test("a policy that tries to write a file writes none", async () => {
  const path = join(tmpdir(), `meshwright-escaped-${String(process.pid)}`);
  const escapes = [
    `process.getBuiltinModule("fs").writeFileSync(${JSON.stringify(path)}, "")`,
    `(function () {}).constructor("return process")().getBuiltinModule("fs").writeFileSync(${JSON.stringify(path)}, "")`,
    `[].filter.constructor("return process")().binding("fs")`,
    `new Error().constructor.constructor("return process")().exit()`,
  ];
  for (const escape of escapes)
    expect((await loaded({ "a.ts": `${escape};\nexport default {};` })).value).toBeUndefined();
  expect(existsSync(path)).toBe(false);
});

test("the environment of whoever compiles is in no message and no value", async () => {
  process.env["MESHWRIGHT_SECRET"] = "xyzzy-secret";
  const text = 'throw new Error(String(Object.getOwnPropertyNames(globalThis)) + new Error("x").stack);';
  const { diagnostics } = await loaded({ "a.ts": `${text}\nexport default {};` });
  delete process.env["MESHWRIGHT_SECRET"];
  expect(diagnostics).toHaveLength(1);
  expect(JSON.stringify(diagnostics)).not.toContain("xyzzy-secret");
});

test("no message and no value holds a path of this machine, even when the error is located", async () => {
  const texts = ["throw new Error(new Error('x').stack);", "export default { a: new Error('x').stack ?? '' };"];
  for (const text of texts) {
    const result = await loaded({
      "a.ts": `const f = () => { ${text.startsWith("throw") ? text : ""} };\nf();\n${text.startsWith("throw") ? "export default {};" : text}`,
    });
    expect(JSON.stringify([result.value, result.diagnostics.map(({ message }) => message)])).not.toMatch(
      /node_modules|file:|\/compiler\/|mesh-module/,
    );
  }
});

describe("what never ends is stopped and its module named", () => {
  const bombs: readonly (readonly [name: string, text: string, code: RegExp])[] = [
    ["an endless loop", "for (;;);\nexport default {};", /MESH0023/],
    ["a catastrophic regular expression", 'export default { a: /^(?:a+)+$/.test("a".repeat(50) + "b") };', /MESH0023/],
    [
      "a heap bomb",
      "const a: unknown[] = [];\nfor (;;) a.push(new Array(1000).fill({}));\nexport default {};",
      /MESH0024/,
    ],
    [
      "a bomb of lists",
      "const a: unknown[] = [];\nfor (;;) a.push(new Array(1e7).fill(0));\nexport default {};",
      /MESH0024/,
    ],
    [
      "a string bomb",
      'const a: string[] = [];\nfor (let i = 0; ; i++) a.push(JSON.stringify("x".repeat(1e6)));\nexport default {};',
      /MESH0024/,
    ],
    [
      "an endless iterator",
      "function* all() { for (let i = 0; ; i++) yield i; }\nexport default [...all()];",
      /MESH002[34]/,
    ],
    ["a map bomb", "const m = new Map();\nfor (let i = 0; ; i++) m.set(i, [i]);\nexport default {};", /MESH002[1346]/],
    ["a large number", "export default { a: String(7n ** (7n ** 10n)) };", /MESH002[1346]/],
  ];
  test.each(bombs)("%s", async (_, text, code) => {
    const files = { "a.ts": "export default {};\n", "b.ts": text, "c.ts": "export default {};\n" };
    // A bomb must reach its size before its time is over, however busy the machine.
    const seconds = code.source.endsWith("24") ? 10 : 1.5;
    const { value, diagnostics } = await loaded(files, { limits: { seconds, megabytes: 128, resultMegabytes: 2 } });
    expect(value).toBeUndefined();
    expect(diagnostics.map((found) => found.code).join()).toMatch(code);
    expect(diagnostics[0]!.message).toContain("b.ts");
  });

  test("a loop in a helper names the helper, not its importer", async () => {
    const { diagnostics } = await loaded({
      "a.ts": 'import { x } from "./z.ts";\nexport default { x };',
      "z.ts": "for (;;);\nexport const x = 1;",
    });
    expect(diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining("z.ts was still running")]);
  });

  test("a result that unfolds without end", async () => {
    const text = "let a: unknown = ['x'.repeat(100)];\nfor (let i = 0; i < 60; i++) a = [a, a];\nexport default a;";
    const { diagnostics } = await loaded({ "a.ts": text });
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^MESH0025 .*a\.ts/),
    ]);
  });

  test("few characters that become many objects", async () => {
    const text =
      "const o = Object.freeze({});\nconst a = Object.freeze(Array(1000).fill(o));\nexport default Array(400).fill(a);";
    // As JSON, it is a megabyte of the two.
    expect((await loaded({ "a.ts": text })).diagnostics.map(({ code }) => code)).toEqual(["MESH0025"]);
  });

  test("an output flood", async () => {
    const { diagnostics } = await loaded({ "a.ts": 'export default { a: "x".repeat(5_000_000) };' });
    expect(diagnostics.map(({ code }) => code)).toEqual(["MESH0025"]);
  });

  test("a flood of messages is cut", async () => {
    const { diagnostics } = await loaded({ "a.ts": 'throw new Error("x".repeat(10_000_000));' });
    expect(JSON.stringify(diagnostics).length).toBeLessThan(5000);
  });

  test("endless recursion", async () => {
    const found = await toldOf("const down = (): number => 1 + down();\nexport default { a: down() };");
    expect(found).toEqual([expect.stringMatching(/^MESH0021 a\.ts: .*down\(\)$/)]);
  });
});

test("symbolic links that lead outside are refused, and what they lead to is not read", async () => {
  const outside = meshOf({ "secret.ts": "export default { secret: 1 };\n", "folder/x.ts": "export default 1;\n" });
  const mesh = meshOf({ "a.ts": "export default {};\n" });
  symlinkSync(join(outside, "secret.ts"), join(mesh, "linked.ts"));
  symlinkSync(join(outside, "folder"), join(mesh, "linked"));
  const { value, diagnostics } = await load(mesh, { types: true });
  expect(value).toBeUndefined();
  expect(told({}, diagnostics)).toEqual(["MESH0006", "MESH0006"]);
});

test("settings that lie in the mesh folder change nothing", async () => {
  const files = {
    "a.ts": 'import { x } from "./lib/x.ts";\nexport default { x, y: `${1}` };\n',
    "lib/x.ts":
      "/* @jsx evil */ /* @jsxRuntime automatic */\nexport const x = 1;\n//# sourceMappingURL=file:///etc/passwd\n//# sourceURL=evil.js\n",
    "package.json":
      '{ "type": "commonjs", "imports": { "#graph/*": "./evil/*" }, "browser": { "./lib/x.ts": "./evil.ts" }, "sideEffects": false }',
    "lib/package.json": '{ "type": "commonjs", "exports": "./evil.js" }',
    "tsconfig.json":
      '{ "extends": "/etc/passwd", "compilerOptions": { "paths": { "*": ["/etc/*"] }, "strict": false } }',
    ".pnp.cjs": "throw new Error()",
    "esbuild.config.js": "throw new Error()",
  };
  const { value, diagnostics } = await loaded(files, { types: true });
  expect(diagnostics).toEqual([]);
  expect(value?.modules).toEqual([{ module: "a.ts", value: { x: 1, y: "1" } }]);
});
