import type { SpiffeId } from "../../../lib/model/mesh.ts";
import { alpn } from "../emit/tls.ts";
import { ownCertificate, trustedRoots } from "../identity-names.ts";
import { below, fields, items, settled, text, texts, typeOf, unreadable, type Node, type Reading } from "./reading.ts";

/** How an upstream connection is made. */
export type Socket =
  | { readonly kind: "plain" }
  | { readonly kind: "mutual"; readonly peers: readonly SpiffeId[]; readonly node: Node }
  | { readonly kind: "originate"; readonly sni: string }
  | { readonly kind: "unknown" };

/** What proxies say inside of mTLS to tell HTTP from other bytes: our words, then those of Istio (`pilot/pkg/networking/util`). */
export const peerProtocols = {
  http: [[alpn.http], ["istio-http/1.0", "istio-http/1.1", "istio-h2"]],
  tcp: [[alpn.tcp], ["istio", "istio-peer-exchange"]],
  callers: { http: [[alpn.http], ["istio"]], tcp: [[alpn.tcp], ["istio"], ["istio", "istio-peer-exchange"]] },
} as const;

const upstreamTls = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const downstreamTls = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
const rawBuffer = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
/** Istio's name for the authorities of the proxy's system. */
const systemRoots = "file-root:system";
const systemBundle = "/etc/ssl/certs/ca-certificates.crt";

const typedSocket = (node: Node, reading: Reading): Node => {
  const { typedConfig } = fields(node, ["typedConfig"], reading, { name: "a name" });
  return typedConfig ?? below(node, "typedConfig");
};

/** The socket of a cluster, or of some of its endpoints. */
export const upstreamSocket = (node: Node | undefined, reads: "http" | "tcp", reading: Reading): Socket => {
  if (node === undefined) return { kind: "plain" };
  const typed = typedSocket(node, reading);
  if (typeOf(typed) === rawBuffer) {
    fields(typed, [], reading);
    return { kind: "plain" };
  }
  if (typeOf(typed) !== upstreamTls) {
    unreadable(typed, reading);
    return { kind: "unknown" };
  }
  const { commonTlsContext, sni } = fields(typed, ["commonTlsContext", "sni"], reading);
  const context = contextOf(commonTlsContext ?? below(typed, "commonTlsContext"), reading);
  if (context.isMutual) {
    if (!peerProtocols.callers[reads].some((known) => isSame(known, context.protocols)))
      unreadable(commonTlsContext ?? typed, reading);
    const peers = context.names.flatMap(({ kind, value, node: name }) => {
      if (kind === "exact" && value.startsWith("spiffe://")) return [value];
      unreadable(name, reading);
      return [];
    });
    if (peers.length === 0) unreadable(commonTlsContext ?? typed, reading);
    return { kind: "mutual", peers, node: typed };
  }
  // Without names of its own to ask for, Envoy is told by Istio to verify the one that it dials (`auto_san_validation`).
  const wrong = context.names.find(({ kind, value }) => kind !== "exact" || value !== text(sni));
  if (wrong) unreadable(wrong.node, reading);
  if (context.protocols.length > 0 || text(sni) === "" || !context.isSystem) unreadable(typed, reading);
  return { kind: "originate", sni: text(sni) };
};

/** Reports what of an inbound chain's TLS is not mTLS with everybody of the trust domain. */
export const downstreamSocket = (node: Node, reading: Reading): void => {
  const typed = typedSocket(node, reading);
  if (typeOf(typed) !== downstreamTls) {
    unreadable(typed, reading);
    return;
  }
  const found = fields(typed, ["commonTlsContext", "requireClientCertificate"], reading);
  settled(typed, found, { requireClientCertificate: [true] }, reading);
  const at = found.commonTlsContext ?? below(typed, "commonTlsContext");
  const { isMutual, names } = contextOf(at, reading);
  const { trustDomain, trustDomainAliases } = reading.platform;
  const domains = [trustDomain, ...trustDomainAliases].map((domain) => `spiffe://${domain}/`);
  for (const { kind, value, node: name } of names)
    if (kind !== "prefix" || !domains.includes(value)) unreadable(name, reading);
  if (!isMutual || !names.some(({ value }) => value === domains[0])) unreadable(at, reading);
};

interface Context {
  /** Both sides show certificates that the mesh's roots vouch for. */
  readonly isMutual: boolean;
  /** The server alone shows one, that the system's roots vouch for. */
  readonly isSystem: boolean;
  readonly protocols: readonly string[];
  readonly names: readonly {
    readonly kind: "exact" | "prefix" | "other";
    readonly value: string;
    readonly node: Node;
  }[];
}

const contextOf = (node: Node, reading: Reading): Context => {
  const found = fields(
    node,
    ["tlsParams", "tlsCertificateSdsSecretConfigs", "combinedValidationContext", "validationContext", "alpnProtocols"],
    reading,
  );
  const params = fields(found.tlsParams, ["tlsMinimumProtocolVersion", "tlsMaximumProtocolVersion"], reading, {
    cipherSuites: "how, not with whom",
  });
  const at = found.tlsParams ?? below(node, "tlsParams");
  settled(
    at,
    params,
    {
      tlsMinimumProtocolVersion: ["TLSv1_2", "TLSv1_3"],
      tlsMaximumProtocolVersion: ["TLSv1_3"],
    },
    reading,
  );
  const own = items(found.tlsCertificateSdsSecretConfigs).map((one) => secretName(one, reading));
  const combined = fields(
    found.combinedValidationContext,
    ["defaultValidationContext", "validationContextSdsSecretConfig"],
    reading,
  );
  const roots = secretName(combined.validationContextSdsSecretConfig, reading);
  const validation = fields(
    combined.defaultValidationContext ?? found.validationContext,
    ["trustedCa", "matchSubjectAltNames", "matchTypedSubjectAltNames"],
    reading,
  );
  const { filename } = fields(validation.trustedCa, ["filename"], reading);
  const isMutual = isSame(own, [ownCertificate]) && roots === trustedRoots && validation.trustedCa === undefined;
  return {
    isMutual,
    isSystem: own.length === 0 && (roots === systemRoots || text(filename) === systemBundle),
    protocols: texts(found.alpnProtocols),
    names: [
      ...items(validation.matchSubjectAltNames).map((name) => nameOf(name, reading)),
      ...items(validation.matchTypedSubjectAltNames).map((name) => {
        const { sanType, matcher } = fields(name, ["sanType", "matcher"], reading);
        settled(name, { sanType }, { sanType: [isMutual ? "URI" : "DNS"] }, reading);
        return nameOf(matcher ?? name, reading);
      }),
    ],
  };
};

const nameOf = (node: Node, reading: Reading): Context["names"][number] => {
  const { exact, prefix } = fields(node, ["exact", "prefix"], reading);
  if (exact !== undefined) return { kind: "exact", value: text(exact), node };
  return prefix === undefined ? { kind: "other", value: "", node } : { kind: "prefix", value: text(prefix), node };
};

const secretName = (node: Node | undefined, reading: Reading): string =>
  text(fields(node, ["name"], reading, { sdsConfig: "where it comes from" }).name);

/** Whether two lists hold the same, in any order. */
export const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  JSON.stringify([...new Set(a)].sort()) === JSON.stringify([...new Set(b)].sort());
