import { ownCertificate, secretFiles, trustedRoots } from "../identity-names.ts";
import type { SpiffeId } from "../../../lib/model/mesh.ts";
import { typed, type CommonTlsContext, type SdsSecretConfig, type TransportSocket } from "../messages.ts";
import type { Delivery } from "./surroundings.ts";

/** What a caller says that it will speak inside of mTLS: the callee's proxy cannot look for itself before it has chosen a chain. */
export const alpn = { http: "meshwright-http", tcp: "meshwright-tcp" } as const;

const caBundle = "/etc/ssl/certs/ca-certificates.crt";

/** A secret from a folder that is watched, so that certificate and key change together. */
export const secretIn = (folder: string, name: keyof typeof secretFiles): SdsSecretConfig => ({
  name,
  sdsConfig: {
    pathConfigSource: { path: `${folder}/${secretFiles[name]}`, watchedDirectory: { path: folder } },
    resourceApiVersion: "V3",
    initialFetchTimeout: "0s",
  },
});

/** Beside the other files of a proxy that is told by files. */
const identityFolder = "./identity";

const secret = (name: keyof typeof secretFiles, delivery: Delivery): SdsSecretConfig =>
  delivery === "files"
    ? secretIn(identityFolder, name)
    : { name, sdsConfig: { ads: {}, resourceApiVersion: "V3", initialFetchTimeout: "0s" } };

type SubjectMatchers = { readonly exact: readonly SpiffeId[] } | { readonly prefix: string };

/** Both sides show a certificate and check the other's: the chain by the roots, the name by its SPIFFE id. */
const mutual = (peers: SubjectMatchers, delivery: Delivery, protocols: readonly string[]): CommonTlsContext => ({
  tlsParams: { tlsMinimumProtocolVersion: "TLSv1_3", tlsMaximumProtocolVersion: "TLSv1_3" },
  tlsCertificateSdsSecretConfigs: [secret(ownCertificate, delivery)],
  combinedValidationContext: {
    defaultValidationContext: {
      matchTypedSubjectAltNames: ("prefix" in peers
        ? [{ prefix: peers.prefix }]
        : peers.exact.map((exact) => ({ exact }))
      ).map((matcher) => ({ sanType: "URI" as const, matcher })),
    },
    validationContextSdsSecretConfig: secret(trustedRoots, delivery),
  },
  alpnProtocols: [...protocols],
});

/** Towards workloads of the mesh, which must prove to be one of these. */
export const mutualUpstream = (
  identities: readonly SpiffeId[],
  serverName: string,
  protocol: keyof typeof alpn,
  delivery: Delivery,
): TransportSocket => ({
  name: "envoy.transport_sockets.tls",
  typedConfig: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    commonTlsContext: mutual({ exact: identities }, delivery, [alpn[protocol]]),
    sni: serverName,
  }),
});

/** From anybody of the mesh's trust domain: authorization decides about whom. */
export const mutualDownstream = (trustDomain: string, delivery: Delivery): TransportSocket => ({
  name: "envoy.transport_sockets.tls",
  typedConfig: typed("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
    commonTlsContext: mutual({ prefix: `spiffe://${trustDomain}/` }, delivery, Object.values(alpn)),
    requireClientCertificate: true,
  }),
});

/** Towards a server outside of the mesh, whose name a public authority vouches for. */
export const originatedUpstream = (serverName: string): TransportSocket => ({
  name: "envoy.transport_sockets.tls",
  typedConfig: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    commonTlsContext: {
      tlsParams: { tlsMinimumProtocolVersion: "TLSv1_2", tlsMaximumProtocolVersion: "TLSv1_3" },
      validationContext: {
        trustedCa: { filename: caBundle },
        matchTypedSubjectAltNames: [{ sanType: "DNS", matcher: { exact: serverName } }],
      },
    },
    sni: serverName,
  }),
});
