/** Values of `self` that a rule accepts and refuses. For a rule over an object they are laid over its smallest valid form. */
export interface RuleCases {
  readonly accepts: readonly unknown[];
  readonly refuses: readonly unknown[];
  /** Fields without which the rule refuses every object. */
  readonly needs?: Readonly<Record<string, unknown>>;
}

const endpoint = { address: "10.0.0.1" };
const certificate = { privateKey: "/key", serverCertificate: "/certificate" };
const port = (number: number, name: string) => ({ number, name });
const onlyOneOf = (first: Readonly<Record<string, unknown>>, second: Readonly<Record<string, unknown>>): RuleCases => ({
  accepts: [{}, first, second],
  refuses: [{ ...first, ...second }],
});
const noWildcardKey = {
  accepts: [{}, { app: "a" }],
  refuses: [{ "*": "a" }, { "app*": "a" }, { app: "a", "b*c": "d" }],
};

/** Cases by the rule's CEL text. A rule without an entry here fails the tests: it is not known to work. */
export const ruleCases: Readonly<Record<string, RuleCases | undefined>> = {
  "duration(self) >= duration('1ms')": {
    accepts: ["1s", "1ms", "0.5s", "1h30m", "1500us", "1.5h"],
    refuses: ["0.5ms", "0s", "-1s", "999us", "1", "s", "", "1 s", "1d", "forever"],
  },
  'self.all(key, !key.contains("*"))': noWildcardKey,
  "self.all(key, key.size() != 0)": { accepts: [{}, { app: "a" }], refuses: [{ "": "a" }, { app: "a", "": "b" }] },
  '!self.contains("*")': { accepts: ["", "a", "v1"], refuses: ["*", "a*", "*a"] },
  "(has(self.tlsCertificates) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1": onlyOneOf(
    { tlsCertificates: [certificate] },
    { credentialNames: ["a"] },
  ),
  "(has(self.credentialName) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1": onlyOneOf(
    { credentialName: "a" },
    { credentialNames: ["a"] },
  ),
  "(has(self.credentialNames) ? 1 : 0) + (has(self.tlsCertificates) ? 1 : 0) <= 1": onlyOneOf(
    { credentialNames: ["a"] },
    { tlsCertificates: [certificate] },
  ),
  "(has(self.workloadSelector) ? 1 : 0) + (has(self.endpoints) ? 1 : 0) <= 1": {
    accepts: [{ workloadSelector: {} }, { resolution: "STATIC", endpoints: [endpoint] }],
    refuses: [{ resolution: "STATIC", workloadSelector: {}, endpoints: [endpoint] }],
  },
  '!((has(self.addresses) ? self.addresses : []).exists(k, k.contains("/")) && !((has(self.resolution) ? self.resolution : "NONE") in ["STATIC", "NONE"]))':
    {
      accepts: [
        { addresses: ["10.0.0.0/8"] },
        { addresses: ["10.0.0.0/8"], resolution: "STATIC" },
        { addresses: ["10.0.0.1"], resolution: "DNS" },
      ],
      refuses: [{ addresses: ["10.0.0.1", "10.0.0.0/8"], resolution: "DNS" }],
    },
  '((has(self.resolution) ? self.resolution : "NONE") == "NONE") ? !has(self.endpoints) : true': {
    accepts: [{ resolution: "STATIC", endpoints: [endpoint] }, { resolution: "NONE" }],
    refuses: [{ endpoints: [endpoint] }, { resolution: "NONE", endpoints: [endpoint] }],
  },
  '((has(self.resolution) ? self.resolution : "") == "DNS_ROUND_ROBIN") ? ((has(self.endpoints) ? self.endpoints : []).size() <= 1) : true':
    {
      accepts: [
        { resolution: "DNS_ROUND_ROBIN", endpoints: [endpoint] },
        { resolution: "DNS_ROUND_ROBIN" },
        { resolution: "DNS", endpoints: [endpoint, endpoint] },
      ],
      refuses: [{ resolution: "DNS_ROUND_ROBIN", endpoints: [endpoint, endpoint] }],
    },
  "has(self.address) || has(self.network)": {
    accepts: [{}, { address: undefined, network: "a" }],
    refuses: [{ address: undefined }],
    needs: endpoint,
  },
  '(has(self.address) ? self.address : "").startsWith("unix://") ? !has(self.ports) : true': {
    accepts: [
      { address: "unix:///a" },
      { ports: { http: 80 } },
      { address: undefined, network: "a", ports: { http: 80 } },
    ],
    refuses: [{ address: "unix:///a", ports: { http: 80 } }],
  },
  'self.startsWith("unix://") ? (self.substring(7, 8) == "/" || self.substring(7, 8) == "@") : true': {
    accepts: ["10.0.0.1", "unix:///a", "unix://@a"],
    refuses: ["unix://a", "unix://"],
  },
  'self.startsWith("unix://") ? !self.endsWith("/") : true': {
    accepts: ["10.0.0.1", "unix:///a", "a/"],
    refuses: ["unix:///a/"],
  },
  'self.all(key, size(key) < 63 && key.matches("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"))': {
    accepts: [{}, { http: 80 }, { "http-1": 80, a: 81 }],
    refuses: [{ "-http": 80 }, { "http-": 80 }, { http_1: 80 }, { "": 80 }, { ["a".repeat(63)]: 80 }],
  },
  "0 < self && self <= 65535": { accepts: [1, 80, 65_535], refuses: [0, 65_536] },
  'self != "*"': { accepts: ["a.example", "*.example"], refuses: ["*"] },
  "self.all(l1, self.exists_one(l2, l1.number == l2.number))": {
    accepts: [[], [port(80, "a")], [port(80, "a"), port(81, "b")]],
    refuses: [[port(80, "a"), port(80, "b")]],
  },
  "(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1": {
    accepts: [{ selector: {} }, { targetRef: { kind: "Service", name: "a" } }],
    refuses: [
      { selector: {}, targetRef: { kind: "Service", name: "a" } },
      { targetRefs: [{ kind: "Service", name: "a" }], targetRef: { kind: "Service", name: "a" } },
    ],
  },
  "(has(self.serviceAccounts) || has(self.notServiceAccounts)) ? (!has(self.principals) &&\n!has(self.notPrincipals) && !has(self.namespaces) && !has(self.notNamespaces)) : true":
    {
      accepts: [{ serviceAccounts: ["a"] }, { principals: ["a"], namespaces: ["b"] }, { notServiceAccounts: ["a"] }],
      refuses: [
        { serviceAccounts: ["a"], principals: ["b"] },
        { notServiceAccounts: ["a"], notNamespaces: ["b"] },
      ],
    },
  "self.size() == 0": { accepts: [""], refuses: ["other"] },
  "has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? self.selector.matchLabels : {}).size() > 0) : true":
    {
      accepts: [{}, { portLevelMtls: { "8080": {} }, selector: { matchLabels: { app: "a" } } }],
      refuses: [
        { portLevelMtls: { "8080": {} } },
        { portLevelMtls: { "8080": {} }, selector: {} },
        { portLevelMtls: { "8080": {} }, selector: { matchLabels: {} } },
      ],
    },
  "self.all(key, 0 < int(key) && int(key) <= 65535)": {
    accepts: [{ "1": {} }, { "80": {}, "65535": {} }],
    refuses: [{ "0": {} }, { "65536": {} }, { "80": {}, http: {} }],
  },
};
