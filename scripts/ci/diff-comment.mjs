/**
 * What action.yml runs: `mesh-compile diff` as a job summary, as one comment of a pull request that every run rewrites, and
 * as annotations. Plain JavaScript without packages, since it runs with whatever Node the machine has. Everything it is
 * told comes by environment variables, so that no text of a pull request is ever part of a shell script.
 */
import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** GitHub refuses longer comments. */
const longestComment = 65_536;
/** GitHub drops longer summaries of a step, whole. */
const longestSummary = 1_048_576;

const { env } = process;
const mesh = env.MESHWRIGHT_MESH || ".";
const base = env.MESHWRIGHT_BASE ?? "";
const failOn = env.MESHWRIGHT_FAIL_ON ?? "";
const environment = env.MESHWRIGHT_ENV ?? "";

/** A line of the log that GitHub shows beside the job, too. */
const note = (kind, text) =>
  console.log(`::${kind}::${text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}`);

const diff = (format) => {
  const options = ["diff", "--mesh", mesh, "--base", base, "--format", format];
  if (failOn !== "") options.push("--fail-on", failOn);
  if (environment !== "") options.push("--env", environment);
  // Never from the registry, where a package of the command's name could be anybody's.
  const [command, ...before] = env.MESH_COMPILE ? [env.MESH_COMPILE] : ["npx", "--no", "--", "mesh-compile"];
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...options], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error) return { status: 1, stdout: "", stderr: `mesh-compile cannot be run: ${error.message}\n` };
  return { status: status ?? 70, stdout, stderr };
};

/** Output of the compiler quotes policies, which must not be able to give the runner commands. */
const quote = (text) => {
  if (text.trim() === "") return;
  const token = randomUUID();
  console.log(`::stop-commands::${token}\n${text.trimEnd()}\n::${token}::`);
};

/** The beginning of a text that fits, cut between lines, with what was open there closed. */
const fitting = (text, most, size, more) => {
  if (size(text) <= most) return text;
  const note = `\n\n_The report is longer than what fits here${more}._\n`;
  const lines = text.split("\n");
  let [fence, details, taken] = ["", 0, 0];
  const kept = [];
  for (const line of lines) {
    const [, mark = ""] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    let after = fence;
    if (mark !== "") after = fence === "" ? mark : mark.startsWith(fence) ? "" : fence;
    const opened =
      fence === "" ? (line.match(/<details/g) ?? []).length - (line.match(/<\/details>/g) ?? []).length : 0;
    taken += size(line) + 1;
    const end = `${after === "" ? "" : `\n${after}`}${"\n\n</details>".repeat(Math.max(0, details + opened))}${note}`;
    if (taken + size(end) + 16 > most) break;
    kept.push(line);
    [fence, details] = [after, details + opened];
  }
  return `${kept.join("\n")}${fence === "" ? "" : `\n${fence}`}${"\n\n</details>".repeat(Math.max(0, details))}${note}`;
};

const fenced = (text) => {
  const fence = "`".repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map(({ length }) => length + 1)));
  return `${fence}text\n${text.trimEnd()}\n${fence}\n`;
};

const api = async (method, path, body) => {
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(new URL(path, `${env.GITHUB_API_URL ?? "https://api.github.com"}/`), {
        method,
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${env.GITHUB_TOKEN}`,
          "content-type": "application/json",
          "user-agent": "meshwright",
          "x-github-api-version": "2022-11-28",
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
    } catch (error) {
      // A comment may have been made all the same; a second one would be worse than none.
      if (method === "POST" || attempt === 3) throw error;
      await sleep(attempt * 1000);
      continue;
    }
    if (response.ok) return response;
    const said = (await response.text()).slice(0, 300);
    if (method === "POST" || attempt === 3 || response.status < 500)
      throw Object.assign(new Error(`${method} answered ${response.status}: ${said}`), { status: response.status });
    await sleep(attempt * 1000);
  }
};

/** The comment that an earlier run made: only a bot's, so that nobody can put words of theirs under the job's hand. */
const earlierComment = async (comments, marker) => {
  for (let page = 1; page <= 100; page += 1) {
    const response = await api("GET", `${comments}?per_page=100&page=${page}`);
    const listed = await response.json();
    const own = listed.find(({ body, user }) => user?.type === "Bot" && body?.startsWith(marker));
    if (own !== undefined) return own.id;
    if (!/rel="next"/.test(response.headers.get("link") ?? "")) return undefined;
  }
  return undefined;
};

const pullRequest = () => {
  try {
    return JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8")).pull_request?.number;
  } catch {
    return undefined;
  }
};

const commented = async (marker, body, worthIt) => {
  const number = pullRequest();
  if (number === undefined || !env.GITHUB_TOKEN) return;
  const repository = `repos/${env.GITHUB_REPOSITORY}`;
  try {
    const id = await earlierComment(`${repository}/issues/${number}/comments`, marker);
    if (id !== undefined) await api("PATCH", `${repository}/issues/comments/${id}`, { body });
    else if (worthIt) await api("POST", `${repository}/issues/${number}/comments`, { body });
  } catch (error) {
    const why =
      error.status === 403 || error.status === 404
        ? "the token may not write comments: give the job `permissions: pull-requests: write`; for a fork's pull request it never may"
        : error.message;
    note("warning", `the report is in the job's summary only: ${why}`);
  }
};

if (base === "") {
  note(
    "error",
    "there is no base to compare with: outside of pull requests, give the action one (`base: origin/main`)",
  );
  process.exit(1);
}

const run = `${env.GITHUB_SERVER_URL ?? "https://github.com"}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`;
const { status, stdout, stderr } = diff("markdown");
quote(stderr);
const reason = fenced(stderr || "no reason was given");
const outcomes = {
  0: "",
  1: `**The mesh could not be compared.**\n\n${reason}`,
  2: "",
  3: "",
};
const failure = `**\`mesh-compile diff\` failed (exit code ${status}).** This is a bug of the compiler.\n\n${reason}`;
const outcome = outcomes[status];
const report = [stdout.trim(), outcome ?? failure].filter(Boolean).join("\n\n") || "No change of the mesh.";

if (env.GITHUB_STEP_SUMMARY)
  appendFileSync(env.GITHUB_STEP_SUMMARY, `${fitting(report, longestSummary - 1, Buffer.byteLength, "")}\n`);
if (env.GITHUB_OUTPUT) appendFileSync(env.GITHUB_OUTPUT, `exit-code=${status}\n`);
if (status !== 0 && outcome !== undefined) {
  const annotations = diff("github").stdout.split(/\r?\n/);
  for (const line of annotations) if (/^::(?:error|warning|notice)[ :]/.test(line)) console.log(line);
}
if (env.MESHWRIGHT_COMMENT !== "false") {
  // One comment for each mesh and environment that the jobs of a pull request look at.
  const where = relative(env.GITHUB_WORKSPACE ?? process.cwd(), process.cwd());
  const of = createHash("sha256").update(JSON.stringify([where, mesh, environment, env.GITHUB_JOB ?? ""]));
  const marker = `<!-- meshwright diff ${of.digest("hex").slice(0, 16)} -->`;
  const body = `${marker}\n${report}`;
  await commented(
    marker,
    fitting(body, longestComment, ({ length }) => length, `: [the job's summary](${run}) has more`),
    status !== 0,
  );
}
// Changes are what pull requests are for; only a gate and errors stop them.
if (status === 3) note("error", "a gate refused this change of the mesh; the report says which");
process.exitCode = status === 0 || status === 2 ? 0 : status === 70 ? 70 : 1;
