/**
 * Who may import whom (docs/ARCHITECTURE.md). Each rule names a folder and what it may reach; everything else is refused.
 */
const may = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from, pathNot: "\\.(test|test-d)\\.ts$|/fixture\\.ts$|/(generate|validators-source|samples)\\.ts$" },
  to: { pathNot: allowed },
});

const libraries = {
  intent: ["^lib/(intent|graph|diagnostics)/"],
};

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-unresolvable",
      severity: "error",
      from: { path: "^(lib|compiler|cli|targets|runtime|golden|conformance|bench)/" },
      to: { couldNotResolve: true },
    },
    may("diagnostics-know-nothing", "^lib/diagnostics/", ["^lib/diagnostics/"]),
    may("graph-knows-diagnostics", "^lib/graph/", ["^lib/(graph|diagnostics)/"]),
    may("intent-is-alone", "^lib/intent/", libraries.intent),
    may("model-knows-graph", "^lib/model/", ["^lib/(model|graph|diagnostics)/"]),
    may("requests-build-on-model", "^lib/requests/", ["^lib/(requests|model|graph|diagnostics)/"]),
    may("load", "^compiler/load/", [
      "^lib/",
      "^compiler/load/",
      "^compiler/(shared|source-text|module-name|temporary-folder)\\.ts$",
      "^(node:)?[a-z_/]+$",
      "^node_modules/(typescript|@typescript|ses)/",
    ]),
    may("discover", "^compiler/discover/", [
      "^lib/",
      "^compiler/discover/",
      "^compiler/(yaml|source-text)\\.ts$",
      "^(node:)?[a-z_/]+$",
    ]),
    may("shape", "^compiler/shape/", ["^lib/", "^compiler/shape/"]),
    may("snapshot", "^compiler/snapshot/", [
      "^lib/",
      "^compiler/snapshot/",
      "^compiler/(replaced-folder|disk-reason|source-text|yaml)\\.ts$",
      "^(node:)?[a-z_/]+$",
    ]),
    may(
      "revision",
      "^compiler/revision/",
      [
        "^lib/",
        "^compiler/revision/",
        "^compiler/(module-name|temporary-folder|disk-reason)\\.ts$",
        "^(node:)?[a-z_/]+$",
        "^node_modules/isomorphic-git/",
      ],
      "a commit is read without knowing what compiles it",
    ),
    may(
      "preview",
      "^compiler/preview/",
      ["^lib/", "^compiler/diff/", "^compiler/preview/"],
      "a page is made of data, without a file system",
    ),
    may("pipeline", "^compiler/(pipeline|resolved)\\.ts$", ["^lib/", "^compiler/"], "the compiler knows no target"),
    {
      name: "golden-needs-no-rig",
      comment: "what the rig shares with tests that need none lies in golden",
      severity: "error",
      from: { path: "^golden/" },
      to: { path: "^(conformance|bench)/" },
    },
    may(
      "policies",
      "^policies/(?!services/)",
      ["^lib/intent/", "^policies/", "^#graph/"],
      "an example is written as a user would write it",
    ),
    may("lower", "^compiler/lower/", ["^lib/", "^compiler/lower/", "^compiler/shared\\.ts$"]),
    may(
      "validate",
      "^compiler/validate/",
      ["^lib/", "^compiler/validate/", "^compiler/lower/(intents|callers)\\.ts$"],
      "laws look at what was written as lowering sorted it",
    ),
    may(
      "targets-know-lib",
      "^targets/istio/",
      [
        "^lib/",
        "^targets/(target|features|mismatches)\\.ts$",
        "^targets/istio/",
        "^node_modules/@marcbachmann/cel-js/",
      ],
      "no target knows the compiler, another target, or a file system",
    ),
    may(
      "xds-knows-lib",
      "^targets/xds/",
      ["^lib/", "^targets/(target|features|mismatches)\\.ts$", "^targets/xds/", "^node_modules/@bufbuild/protobuf/"],
      "no target knows the compiler, another target, or a file system",
    ),
    may(
      "native-knows-lib",
      "^targets/native/",
      ["^lib/", "^targets/(target|features|mismatches)\\.ts$", "^targets/native/"],
      "no target knows the compiler, another target, or a file system",
    ),
    may(
      "control-serves-targets",
      "^runtime/control/",
      [
        "^lib/",
        "^targets/",
        "^compiler/(pipeline|resolved|yaml)\\.ts$",
        "^runtime/(control|log)/",
        "^runtime/(host-and-port|identity-files|own-page)\\.ts$",
        "^(node:)?[a-z_0-9/]+$",
        "^node_modules/(@bufbuild/protobuf|@grpc/grpc-js|@peculiar/x509|reflect-metadata)/",
      ],
      "what is served comes from the pipeline and a target",
    ),
    may(
      "local-runs-all-of-it",
      "^runtime/local/",
      [
        "^lib/",
        "^compiler/(resolved|snapshot/read-local)\\.ts$",
        "^targets/(native/arrivals|xds/(bootstrap|node-id))\\.ts$",
        "^runtime/(local|log)/",
        "^runtime/control/(identity/index|source/source|control|served-type|views)\\.ts$",
        "^(node:)?[a-z_0-9/]+$",
      ],
      "a mesh on one machine is made of the same parts as any other",
    ),
    may(
      "log-knows-nothing",
      "^runtime/log/",
      ["^runtime/log/", "^(node:)?[a-z_0-9/]+$"],
      "what happened is told the same by all that run",
    ),
    {
      name: "ads-knows-no-mesh",
      comment: "the protocol is spoken without knowing what is served, and to whom",
      severity: "error",
      from: { path: "^runtime/control/ads/", pathNot: "\\.test\\.ts$" },
      to: {
        path: "^(lib|compiler|runtime/control)/",
        pathNot: "^runtime/control/ads/|^runtime/control/(view|served-type)\\.ts$",
      },
    },
    {
      name: "identity-knows-no-mesh-and-no-protocol",
      comment: "certificates are issued the same beside another control plane",
      severity: "error",
      from: { path: "^runtime/control/identity/", pathNot: "\\.test\\.ts$|/fixture\\.ts$" },
      to: {
        path: "^(lib|compiler|runtime/control)/",
        pathNot:
          "^runtime/control/identity/|^runtime/control/(view|network-of|timer-delay)\\.ts$|^lib/model/selector\\.ts$",
      },
    },
    {
      name: "transport-knows-no-protocol",
      severity: "error",
      from: { path: "^runtime/control/transport/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(lib|compiler|targets)/|^runtime/control/(ads|admin|admitted|refusals|source)/" },
    },
    may(
      "proxy-is-alone",
      "^runtime/proxy/",
      [
        "^lib/(?!model/decide/)",
        "^targets/native/config(-shape)?\\.ts$",
        "^runtime/(proxy|log)/",
        "^runtime/(identity-files|own-page)\\.ts$",
        "^(node:)?[a-z_0-9/]+$",
      ],
      "a proxy does what it is told: it neither compiles nor decides, and depends on no package",
    ),
    may(
      "what-proxies-are-told-comes-over-the-network",
      "^runtime/ads-client/",
      [
        "^targets/native/discovery\\.ts$",
        "^targets/xds/(identity-names\\.ts|proto/generated/)",
        "^runtime/(ads-client|log)/",
        "^runtime/(host-and-port|identity-files)\\.ts$",
        "^runtime/proxy/(identity/own-identity|source/(control-status|watched-file))\\.ts$",
        "^(node:)?[a-z_0-9/]+$",
        "^node_modules/(@bufbuild/protobuf|@grpc/grpc-js)/",
      ],
      "a proxy that follows a file needs no package; one that follows a control plane loads this",
    ),
    {
      name: "heavy-packages-have-one-home",
      severity: "error",
      from: { pathNot: "^compiler/(load|import)/|\\.test\\.ts$" },
      to: { path: "^node_modules/(typescript|ts-morph|ses)/" },
    },
    {
      name: "yaml-has-one-home",
      severity: "error",
      from: { pathNot: "^compiler/yaml\\.ts$|\\.test\\.ts$|^(bench|conformance)/|/generate\\.ts$" },
      to: { path: "^node_modules/yaml/" },
    },
    {
      name: "isomorphic-git-has-one-home",
      severity: "error",
      from: { pathNot: "^compiler/revision/" },
      to: { path: "^node_modules/isomorphic-git/" },
    },
    {
      name: "nothing-imports-the-outer-folders",
      severity: "error",
      from: { path: "^(lib|compiler|cli|targets|runtime)/", pathNot: "\\.test\\.ts$|/fixture\\.ts$" },
      to: { path: "^(golden|conformance|bench)/" },
    },
    { name: "tests-are-not-imported", severity: "error", from: {}, to: { path: "\\.test\\.ts$" } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.generated\\.|/generated/|^dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["meshwright-source", "import", "types", "node"],
    },
  },
};
