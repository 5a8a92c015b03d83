import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configViolations } from "../targets/native/config-shape.ts";

const command = join(import.meta.dirname, "mesh-compile.ts");
const example = join(import.meta.dirname, "..", "policies", "bookinfo");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshwright-cli-"));
  await cp(example, folder, { recursive: true, filter: (path) => !path.startsWith(join(example, "out")) });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
};

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};

const edit = async (path: string, from: string, to: string): Promise<void> => {
  const text = await readFile(join(folder, path), "utf8");
  expect(text).toContain(from);
  await write(path, text.replace(from, to));
};

const tree = async (path: string): Promise<readonly string[]> =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

describe("what is right", () => {
  test("check says how much it checked and exits with 0", () => {
    const { status, stderr } = run("check");
    expect([status, stderr]).toEqual([0, "7 policies for 6 destinations and 7 workloads: no errors\n"]);
  });

  test("build writes every object and replaces its earlier output", async () => {
    expect(run("build").status).toBe(0);
    const first = await tree(join(folder, "out"));
    expect(first.map((file) => file.slice(folder.length + 1))).toEqual([
      "out/.meshwright-output",
      "out/istio/bookinfo.yaml",
      "out/istio/istio-ingress.yaml",
      "out/istio/istio-system.yaml",
    ]);
    await rm(join(folder, "edge"), { recursive: true });
    expect(run("build").status).toBe(0);
    expect((await readFile(join(folder, "out/istio/bookinfo.yaml"), "utf8")).includes("bookinfo.example.com")).toBe(
      false,
    );
  });

  test("build --target xds writes a folder for each proxy, and again over it only what changed", async () => {
    const { status, stderr } = run("build", "--target", "xds");
    expect([status, stderr.includes("MESH5007")]).toEqual([0, true]);
    const own = join(folder, "out/xds/bookinfo/reviews-v1/0");
    const names = (await readdir(own)).sort();
    expect(names).toEqual(["bootstrap.json", "cds.json", "eds", "lds.json", "rds"]);
    const before = await stat(join(own, "cds.json"));
    await mkdir(join(own, "identity"));
    await writeFile(join(own, "identity", "identity.key"), "kept");
    await writeFile(join(own, ".lds.json.4711.new"), "left by a killed run");
    await rm(join(folder, "edge"), { recursive: true });
    expect(run("build", "--target", "xds").status).toBe(0);
    expect((await stat(join(own, "cds.json"))).mtimeMs).toBe(before.mtimeMs);
    expect(await readdir(join(folder, "out/xds")).then((all) => all.sort())).toEqual(["bookinfo", "istio-ingress"]);
    // A folder that is replaced as a whole would take the identity along.
    expect(run("build").status).toBe(1);
    expect(await readFile(join(own, "identity", "identity.key"), "utf8")).toBe("kept");
  });

  test("build --target native writes one file for each proxy that runs somewhere, as its schema has it", async () => {
    const greeter = join(example, "..", "greeter");
    const { status, stdout } = run("build", "--target", "native", "--mesh", greeter, "--out", "out");
    expect([status, stdout]).toEqual([0, `3 proxies in ${join("out", "native")}\n`]);
    const config = await readFile(join(folder, "out/native/greeter/caller/0/proxy.json"), "utf8");
    expect(configViolations(JSON.parse(config))).toEqual([]);
  });

  test("build --target xds tells what policies and target warn of in one list, with one sum", async () => {
    await edit("bookinfo/reviews.ts", 'perTry: "500ms"', 'perTry: "5s"');
    const { stderr } = run("build", "--target", "xds");
    expect(stderr.match(/^\d+ warnings?$/gm), stderr).toEqual(["2 warnings"]);
    const { stdout } = run("build", "--target", "xds", "--format", "json");
    expect((JSON.parse(stdout) as readonly { code: string }[]).map(({ code }) => code)).toEqual([
      "MESH2005",
      "MESH5007",
    ]);
  });

  test("an environment changes what varies and nothing else", async () => {
    run("build", "--out", "a");
    run("build", "--out", "b", "--env", "production");
    const [a, b] = await Promise.all(
      ["a", "b"].map((out) => readFile(join(folder, out, "istio/bookinfo.yaml"), "utf8")),
    );
    expect(a!.replace("weight: 50", "weight: 90").replace("weight: 50", "weight: 10")).toBe(b);
  });

  test("explain names the file and line of each step", () => {
    const { status, stdout } = run(
      "explain",
      "GET http://reviews:9080/reviews/0",
      "--from",
      "bookinfo/productpage-v1",
      "-H",
      "end-user: jason",
    );
    expect(status).toBe(0);
    expect(stdout).toContain(
      "100 % delivered to subset v2 of reviews.bookinfo.svc.cluster.local, port 9080, with mTLS",
    );
    expect(stdout).toMatch(/routes to .* subset v2 {2}\(bookinfo\/reviews\.ts:9:5\)/);
    expect(stdout).toMatch(/authorization allows it {2}\(bookinfo\/reviews\.ts:\d+:\d+\)/);
  });

  test("explain follows a request from outside through the gateway", () => {
    const { status, stdout } = run("explain", "GET http://bookinfo.example.com/productpage", "--from", "outside");
    expect([status, /delivered to productpage/.test(stdout), /istio-ingress\/istio-ingress {2}/.test(stdout)]).toEqual([
      0,
      true,
      true,
    ]);
  });

  test("explain tells what becomes of the response, aligned like the steps", () => {
    const { stdout } = run("explain", "GET http://details:9080/", "--from", "bookinfo/productpage-v1");
    expect(stdout).toContain("\n  response: x-served-by: details added\n");
    expect(stdout).toMatch(/\n {2}bookinfo\/productpage-v1 {2}at most 1000 ms/);
  });

  test("explain lets a name of the world outside pass, and says where unknown calls go", () => {
    const { status, stdout } = run("explain", "GET http://example.com/", "--from", "bookinfo/productpage-v1");
    expect([status, stdout.includes("unknown calls pass through")]).toEqual([0, true]);
  });

  test("init writes what a mesh begins with, once, and a compiler of types accepts it", async () => {
    const begun = run("init", "shop", "--mesh", "new/mesh");
    expect([begun.status, begun.stdout]).toEqual([
      0,
      expect.stringContaining("then a policy, such as new/mesh/shop/SERVICE.ts"),
    ]);
    expect(await readFile(join(folder, "new/mesh/.gitignore"), "utf8")).toBe("node_modules/\n/out/\n");
    const config = await readFile(join(folder, "new/mesh/mesh.config.ts"), "utf8");
    expect(config).toContain('folders: { "shop": ["shop"] }');
    await write("new/mesh/mesh.config.ts", "mine");
    expect(run("init", "shop", "--mesh", "new/mesh").stdout).toContain("mesh.config.ts is there already");
    expect(await readFile(join(folder, "new/mesh/mesh.config.ts"), "utf8")).toBe("mine");
    expect(run("init", "--mesh", "fresh").status).toBe(0);
    await cp(join(folder, "graph"), join(folder, "fresh/graph"), { recursive: true });
    expect(run("check", "--mesh", "fresh").stderr).toMatch(
      /MESH1006: no policy lies in `\.`[\s\S]*help: write its first policy, .*[\s\S]*help: read its manifests with/,
    );
  });

  test("build makes the folders above its output", async () => {
    expect(run("build", "--out", "a/b/out").status).toBe(0);
    expect(await tree(join(folder, "a"))).toHaveLength(4);
  });

  test("explain and check answer as JSON", () => {
    const { branches } = JSON.parse(
      run("explain", "GET http://ratings:9080/ratings/1", "--from", "reviews-v2", "--format", "json").stdout,
    ) as { branches: { ends: { outcome: { kind: string }; steps: { span?: { file: string } }[] }[] }[] };
    expect(branches[0]!.ends[0]!.outcome.kind).toBe("delivered");
    expect(branches[0]!.ends[0]!.steps.at(-1)!.span!.file).toBe("bookinfo/ratings.ts");
  });
});

/** Each mistake ends with code 1, its diagnostic underlining what is wrong, and nothing written. */
const mistakes: readonly {
  readonly what: string;
  readonly make: () => Promise<void>;
  readonly says: readonly string[];
}[] = [
  {
    what: "a type error",
    make: () => edit("bookinfo/reviews.ts", "reviews.v2", "reviews.v4"),
    says: ["error MESH0", "'v4' does not exist", "bookinfo/reviews.ts:9"],
  },
  {
    what: "a policy that throws",
    make: () => write("bookinfo/details.ts", 'throw new Error("no details today");\n'),
    says: ["no details today", "bookinfo/details.ts:1"],
  },
  {
    what: "a cyclic import",
    make: async () => {
      await write("bookinfo/a.ts", 'import { b } from "./b.ts";\nexport const a: number = b;\n');
      await write("bookinfo/b.ts", 'import { a } from "./a.ts";\nexport const b: number = a;\n');
    },
    says: ["bookinfo/a.ts", "bookinfo/b.ts"],
  },
  {
    what: "a service that does not exist, with a near name",
    make: () =>
      edit("bookinfo/productpage.ts", "details, productpage, reviews", "detials as details, productpage, reviews"),
    says: ["detials", "did you mean `details`?"],
  },
  {
    what: "weights that do not add up",
    make: () => edit("bookinfo/reviews.ts", "100 - canary", "90 - canary"),
    says: ["error MESH2001", "add up to 90, not 100", "{ v1: 90 - canary, v3: canary }"],
  },
  {
    what: "two policies for one service",
    make: () =>
      write(
        "bookinfo/more.ts",
        'import { policy } from "meshwright";\nimport { ratings } from "#graph/bookinfo";\n\nexport default policy(ratings, { mtls: "strict" });\n',
      ),
    says: ["error MESH1004", "two policies about bookinfo/ratings", "the first one is here", "bookinfo/more.ts"],
  },
  {
    what: "a policy outside its folder's namespaces",
    make: () => edit("mesh.config.ts", 'bookinfo: ["bookinfo"]', 'bookinfo: ["other"]'),
    says: ["error MESH1003", "may not speak for namespace `bookinfo`"],
  },
  {
    what: "a snapshot from a newer version",
    make: () => edit("graph/snapshot.json", '"version": 1', '"version": 99'),
    says: ["error MESH4031"],
  },
  {
    what: "a namespace made by hand that is a path",
    make: async () => {
      await edit("mesh.config.ts", 'bookinfo: ["bookinfo"]', 'bookinfo: ["bookinfo", "../../../escaped"]');
      await edit(
        "bookinfo/google-books.ts",
        "external(namespace,",
        'external({ ...namespace, $id: "../../../escaped" },',
      );
    },
    says: ["error MESH4050", "no namespace `../../../escaped`"],
  },
  {
    what: "an environment that is not declared",
    make: () => edit("bookinfo/reviews.ts", "production: 10", "prodution: 10"),
    says: ["error MESH1005", "did you mean `production`"],
  },
  {
    what: "a platform of another release",
    make: () => edit("graph/platform.json", '"1.31.1"', '"1.27.0"'),
    says: ["error MESH5002", "1.27.0"],
  },
];

describe("what is wrong", () => {
  test.each(mistakes)("$what", async ({ make, says }) => {
    await make();
    const { status, stdout, stderr } = run("build");
    expect(status, stderr).toBe(1);
    for (const words of says) expect(stdout + stderr).toContain(words);
    expect((await readdir(folder)).filter((name) => name.includes("out"))).toEqual([]);
  });

  test.each([
    [
      "a request that is no URL",
      ["explain", "GET reviews", "--from", "bookinfo/productpage-v1"],
      "`GET reviews` is no request",
    ],
    [
      "a caller that does not exist",
      ["explain", "http://reviews:9080/", "--from", "bookinfo/productpage-v2"],
      "did you mean `bookinfo/productpage-v1`?",
    ],
    [
      "a header without a name",
      ["explain", "http://reviews:9080/", "--from", "bookinfo/productpage-v1", "-H", "jason"],
      "`jason` is no header",
    ],
    [
      "a name that no service has",
      ["explain", "http://revews:9080/", "--from", "bookinfo/productpage-v1"],
      "did you mean `reviews`?",
    ],
    [
      "a host that no gateway lets in",
      ["explain", "http://other.example.com/", "--from", "outside"],
      "--address workload:istio-ingress/istio-ingress",
    ],
    ["a folder inside of a mesh", ["check", "--mesh", "bookinfo"], "it is part of the mesh in ."],
    ["a command that does not exist", ["biuld"], "Did you mean build?"],
    ["a folder that does not exist", ["check", "--mesh", "nowhere"], "nowhere"],
    ["an environment that does not exist", ["check", "--env", "prod"], "there is no environment `prod`"],
  ])("%s", (_, args, words) => {
    const { status, stdout, stderr } = run(...args);
    expect(status).toBe(1);
    expect(stdout + stderr).toContain(words);
  });

  test("as JSON a mesh that the target cannot say is one list too", async () => {
    await edit("graph/platform.json", '"1.31.1"', '"1.27.0"');
    const { status, stdout } = run("build", "--format", "json");
    expect(status).toBe(1);
    expect((JSON.parse(stdout) as readonly { code: string }[]).map(({ code }) => code)).toEqual(["MESH5002"]);
  });

  test("a file that somebody else put into the output is not taken away", async () => {
    expect(run("build").status).toBe(0);
    await write("out/istio/mine.yaml", "keep me");
    const { status, stderr } = run("build");
    expect([status, stderr.includes("it holds istio/mine.yaml")]).toEqual([1, true]);
    expect(await readFile(join(folder, "out/istio/mine.yaml"), "utf8")).toBe("keep me");
  });

  test("a folder that only looks like an interrupted output is not taken away", async () => {
    expect(run("build").status).toBe(0);
    await write(".out.old/mine.txt", "keep me");
    const { status, stderr } = run("build");
    expect([status, stderr.includes("mine.txt")]).toEqual([1, true]);
    expect(await readFile(join(folder, ".out.old/mine.txt"), "utf8")).toBe("keep me");
  });

  test("a snapshot whose lists and labels differ is refused: rules are laid on labels", async () => {
    await edit("graph/snapshot.json", '"app": "reviews"', '"app": "nobody"');
    const { status, stderr } = run("check");
    expect([status, stderr.includes("MESH4032")]).toEqual([1, true]);
  });

  test("a snapshot that is a link is not read", async () => {
    await rename(join(folder, "graph/snapshot.json"), join(folder, "elsewhere.json"));
    await symlink("../elsewhere.json", join(folder, "graph/snapshot.json"));
    const { status, stderr } = run("check");
    expect([status, stderr.includes("MESH4001")]).toEqual([1, true]);
  });

  test("a platform without automatic mTLS is refused, as another release is", async () => {
    await edit("graph/platform.json", '"autoMtls": true', '"autoMtls": false');
    const { status, stderr } = run("build");
    expect([status, stderr.includes("MESH5005")]).toEqual([1, true]);
  });

  test("a platform that lets in other trust domains is refused: no grant says so", async () => {
    await edit("graph/platform.json", '"trustDomainAliases": []', '"trustDomainAliases": ["old.example"]');
    const { status, stderr } = run("build");
    expect([status, stderr.includes("MESH5006")]).toEqual([1, true]);
  });

  test("an output folder that holds somebody else's files is left alone", async () => {
    await write("mine/notes.txt", "keep me");
    const { status, stderr } = run("build", "--out", "mine");
    expect([status, stderr.includes("MESH0100")]).toEqual([1, true]);
    expect(await tree(join(folder, "mine"))).toEqual([join(folder, "mine/notes.txt")]);
  });

  test("an output folder that cannot be made", async () => {
    await write("file", "");
    const { status, stderr } = run("build", "--out", "file/out");
    expect([status, stderr.includes("a part of the path is no folder")]).toEqual([1, true]);
  });

  test("a disk that fills half-way loses nothing and leaves nothing half-written", async () => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    // A small file system of its own, in a mount namespace that goes with the shell.
    const script = `set -e
mount -t tmpfs -o size=96k tmpfs ${disk}
"$0" ${command} build --out ${disk}/out >&2
before=$(cat ${disk}/out/istio/*.yaml | sha256sum)
dd if=/dev/zero of=${disk}/full bs=1k 2>/dev/null || true
truncate -s -8k ${disk}/full
set +e
"$0" ${command} build --env production --out ${disk}/out >&2
echo "status=$?"
[ "$before" = "$(cat ${disk}/out/istio/*.yaml | sha256sum)" ] && echo same
ls -A ${disk} | tr '\\n' ' '`;
    const { stdout, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", script, process.execPath], {
      encoding: "utf8",
      cwd: folder,
    });
    expect(stdout, stderr).toBe("status=1\nsame\nfull out ");
    expect(stderr).toContain("the disk is full");
  });

  test("what was interrupted between taking the old folder away and putting the new one there is made good", async () => {
    expect(run("build").status).toBe(0);
    await cp(join(folder, "out"), join(folder, ".out.old"), { recursive: true });
    await rm(join(folder, "out"), { recursive: true });
    expect(run("build").status).toBe(0);
    expect((await readdir(folder)).filter((name) => name.includes("out"))).toEqual(["out"]);
  });
});
