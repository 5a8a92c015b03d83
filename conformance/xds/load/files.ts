import { graphFiles } from "../../../compiler/snapshot/graph-files.ts";
import { defaultPlatform } from "../../../lib/graph/platform.ts";
import { graphWith, type GraphEdits } from "./mesh.ts";

/** What somebody changes again and again, in the order in which it is written down: each by how often it was changed. */
export const topics = [
  "a workload moves from one service to another",
  "a subset comes and goes",
  "a split",
  "a timeout",
  "a header match",
  "a host led to another service",
  "authorization of others",
  "mTLS",
  "the scope of another service",
  "header edits",
] as const;

export type Topic = (typeof topics)[number];
export type Turns = Readonly<Record<Topic, number>>;

/** Texts of a mesh folder, by path. */
export type Files = Readonly<Record<string, string>>;

/** The mesh folder after so many changes of each topic, but for where things run. */
export const files = (turns: Turns): Files => ({
  "package.json": `{ "name": "load", "private": true, "type": "module" }\n`,
  "tsconfig.json": `${JSON.stringify(tsconfig, undefined, 2)}\n`,
  "mesh.config.ts": config(turns),
  "shop/alpha.ts": alpha(turns),
  "shop/beta.ts": beta(turns),
  "shop/gamma.ts": gamma(turns),
  "bank/delta.ts": delta(turns),
  "bank/three.ts": caller("bank", "three", []),
  "shop/one.ts": caller("shop", "one", idleOf(turns) === "one" ? ["idle"] : []),
  "shop/two.ts": caller("shop", "two", []),
  "shop/gamma-v1.ts": policyFile('workloads["gamma-v1"]', [
    `uses: [${idleOf(turns) === "gamma-v1" ? "shop.idle" : ""}]`,
  ]),
  ...Object.fromEntries(
    graphFiles({
      graph: graphWith({ canary: canaryOf(turns), moved: isMoved(turns) }),
      platform: { ...defaultPlatform, outbound: "registry-only" },
      options: { namespace: "shop", subsetLabel: "version" },
    }).map(({ path, text }) => [`graph/${path}`, text]),
  ),
});

const tsconfig = {
  compilerOptions: {
    target: "esnext",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    paths: { "#graph/*": ["./graph/*.ts"] },
  },
  include: ["**/*.ts"],
};

const at = <T>(choices: readonly T[], turn: number): T => choices[turn % choices.length] as T;

const config = ({ mTLS }: Turns): string => `import { mesh } from "meshwright";

export default mesh({
  folders: { bank: ["bank"], shop: ["shop"] },
  defaults: { mtls: "${at(["strict", "permissive"], mTLS)}", access: "anyone" },
});
`;

const policyFile = (about: string, parts: readonly string[]): string =>
  `import { absent, allow, deny, policy, route, split } from "meshwright";
import * as bank from "#graph/bank";
import * as shop from "#graph/shop";

export default policy(${about.startsWith("bank.") ? about : `shop.${about}`}, {
${parts.map((part) => `  ${part},\n`).join("")}});
`;

const callersOf = ["bank.workloads.three", "shop.workloads.one", "shop.workloads.two"];

const caller = (namespace: string, name: string, more: readonly string[]): string =>
  policyFile(`${namespace === "bank" ? "bank." : ""}workloads.${name}`, [
    `uses: [bank.delta, shop.alpha, shop.beta, shop.gamma${more.map((one) => `, shop.${one}`).join("")}]`,
  ]);

/** Nothing is tried again: a retry would hide what this looks for. */
const route = (...parts: readonly string[]): string => `route({ ${[...parts, 'retries: "none"'].join(", ")} })`;
const routes = (all: readonly string[]): string => `routes: [${all.join(", ")}]`;

const canaryOf = (turns: Turns): GraphEdits["canary"] => {
  const turn = turns["a subset comes and goes"];
  const workloads = at([undefined, ["shop/alpha-v3"], ["shop/alpha-v2", "shop/alpha-v3"]], turn);
  return workloads && { name: `canary-${turn}`, workloads };
};

const alpha = (turns: Turns): string => {
  const canary = canaryOf(turns);
  const to = at(
    [
      "shop.alpha.v1",
      "split(shop.alpha, { v1: 90, v2: 10 })",
      "split(shop.alpha, { v1: 50, v2: 50 })",
      "shop.alpha.v2",
      "split(shop.alpha, { v1: 34, v2: 33, v3: 33 })",
    ],
    turns["a split"],
  );
  const turn = turns["authorization of others"];
  const others = [...callersOf, at(["shop.beta", "shop.gamma", "bank.delta"], turn)];
  const access = at(
    [
      [],
      [`allow: [allow({ from: [${others.join(", ")}] })]`],
      ["deny: [deny({ from: bank.delta })]"],
      [`allow: [allow({ from: [${callersOf.join(", ")}] })]`],
    ],
    turn,
  );
  return policyFile("alpha", [
    routes([
      ...(canary === undefined ? [] : [route('when: { prefix: "/canary" }', `to: shop.alpha["${canary.name}"]`)]),
      route(`to: ${to}`),
    ]),
    ...access,
  ]);
};

const isMoved = (turns: Turns): boolean => turns["a workload moves from one service to another"] % 2 === 1;

const beta = (turns: Turns): string => {
  const timeout = `timeout: "${at(["none", "8s", "12s", "16s"], turns["a timeout"])}"`;
  const header = at([undefined, '"yes"', '{ prefix: "y" }', "absent"], turns["a header match"]);
  const last = isMoved(turns) ? "v1" : "v2";
  return policyFile("beta", [
    routes([
      ...(header === undefined
        ? []
        : [route(`when: { headers: { "x-canary": ${header} } }`, `to: shop.beta.${last}`, timeout)]),
      route("to: shop.beta", timeout),
    ]),
  ]);
};

const gamma = (turns: Turns): string =>
  policyFile("gamma", [
    routes([route(`to: ${at(["shop.gamma", "bank.delta", "shop.beta.v1"], turns["a host led to another service"])}`)]),
  ]);

const delta = (turns: Turns): string => {
  const turn = turns["header edits"];
  const request = at([[], [`request: { set: { "x-turn": "${turn}" } }`]], turn);
  const response = at([[], [], ['response: { remove: ["x-user"] }']], turn);
  return policyFile("bank.delta", [
    routes([route("to: bank.delta", `headers: { ${[...request, ...response].join(", ")} }`)]),
  ]);
};

/** Who has the idle service in its scope. */
const idleOf = (turns: Turns): string | undefined => {
  const turn = turns["the scope of another service"];
  return turn % 2 === 1 ? at(["one", "gamma-v1"], turn >> 1) : undefined;
};
