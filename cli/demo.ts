/** `npm run demo`: checks and builds the example mesh, explains two requests, and says where the output lies. */
import { spawnSync } from "node:child_process";
import { join, relative } from "node:path";

const repository = join(import.meta.dirname, "..");
const mesh = relative(process.cwd(), join(repository, "policies", "bookinfo")) || ".";
const command = join(import.meta.dirname, "mesh-compile.ts");

const run = (...args: readonly string[]): void => {
  const shown = args.map((argument) => (/[\s"]/.test(argument) ? `'${argument}'` : argument)).join(" ");
  console.log(`\n$ mesh-compile ${shown}`);
  const { status } = spawnSync(process.execPath, [command, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};

console.log(`The mesh is ${mesh}: Istio's Bookinfo, with its policies as TypeScript.`);
run("check", "--mesh", mesh);
run("build", "--mesh", mesh);
run("explain", "GET http://reviews:9080/reviews/0", "--from", "bookinfo/productpage-v1", "--mesh", mesh);
run("explain", "DELETE http://ratings:9080/ratings/0", "--from", "bookinfo/reviews-v2", "--mesh", mesh);
console.log(
  `\nThe Istio objects are in ${join(mesh, "out")}. Next: edit ${join(mesh, "bookinfo", "reviews.ts")} and explain again.`,
);
