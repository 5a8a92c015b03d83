import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { meshOf } from "../fixture.ts";
import { meshFolder } from "../mesh-folder.ts";
import { typeCheck, typeCheckBounds } from "./type-check.ts";

const temporaries = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("meshwright-types-"));

test("a check that goes beyond its bounds is stopped and said so", async () => {
  const mesh = meshFolder(meshOf({ "a.ts": "export default {};\n" })).value!;
  expect((await typeCheck(mesh, { seconds: 0, megabytes: 8192 })).stopped).toBe("was still running after 0 s");
  expect((await typeCheck(mesh, { seconds: 300, megabytes: 1 })).stopped).toBe("needed more than 1 MB");
  expect((await typeCheck(mesh, { seconds: 300, megabytes: 1, constrained: true })).stopped).toBe(
    "needed more than 1 MB, which is what the memory limit of its container leaves",
  );
});

test("in a container, the check ends before the container does", () => {
  const megabytes = (bytes: number): readonly unknown[] => {
    const { megabytes, constrained = false } = typeCheckBounds(bytes);
    return [megabytes, constrained];
  };
  expect(megabytes(2 * 2 ** 30)).toEqual([1379, true]);
  expect(megabytes(2 ** 30)).toEqual([512, true]);
  expect(megabytes(64 * 2 ** 30)).toEqual([8192, false]);
  // Not constrained: Linux says so by its largest number.
  expect([megabytes(0), megabytes(2 ** 64)]).toEqual([
    [8192, false],
    [8192, false],
  ]);
});

test("a mesh folder's own settings, and packages beside it, are not looked at", async () => {
  const mesh = meshFolder(
    meshOf({
      "tsconfig.json": '{ "compilerOptions": { "strict": false, "lib": ["dom"], "types": ["evil"] } }',
      "node_modules/@types/evil/index.d.ts": "declare const fetch: (url: string) => void;\n",
      "node_modules/meshwright/package.json": '{ "name": "meshwright", "types": "./index.d.ts" }',
      "node_modules/meshwright/index.d.ts": "export const policy: 1;\n",
      "a.ts": 'import { policy } from "meshwright";\nfetch("x");\nexport const f = (x) => policy(x, {});\n',
    }),
  ).value!;
  const { problems, strayed } = await typeCheck(mesh);
  expect(strayed).toBe(false);
  expect(problems.map(({ at, code }) => `${String(at?.line)} ${code}`)).toEqual(["2 TS2304", "3 TS7006"]);
});

test("leaves nothing behind", async () => {
  const before = temporaries();
  await typeCheck(meshFolder(meshOf({ "a.ts": "export default 1 + ;\n" })).value!);
  expect(temporaries().filter((name) => !before.includes(name))).toEqual([]);
});
