import type { Platform } from "../../lib/graph/platform.ts";
import { typed, type Bootstrap, type Cluster } from "./messages.ts";
import { nodeId } from "./node-id.ts";
import { secretIn } from "./emit/tls.ts";
import { controlIdentity, ownCertificate, trustedRoots } from "./identity-names.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";

export interface BootstrapOptions {
  /** Whose proxy it is, and which copy of it. */
  readonly workload: WorkloadId;
  readonly instance: string;
  readonly platform: Platform;
  /** Where Envoy's own administration listens, on this machine only; none: nowhere. */
  readonly adminPort: number | "none";
  /** Where configuration comes from: files beside this one, or a control plane, with the certificate of this folder. */
  readonly source:
    | { readonly kind: "files" }
    | {
        readonly kind: "control";
        readonly address: string;
        readonly port: number;
        /** As `mesh-control join` writes it. */
        readonly identityFolder: string;
      };
}

const controlCluster = "mesh-control";

/** Envoy's own (500 ms to 30 s, at random below that) leaves proxies alone long after their control plane is back. */
const reconnection = { baseInterval: "0.250s", maxInterval: "5s" } as const;

/** What an Envoy is started with: who it is, and where everything else comes from. */
export const bootstrap = (options: BootstrapOptions): Bootstrap => {
  const { workload, adminPort, platform, source } = options;
  const ads = { ads: {}, initialFetchTimeout: "0s", resourceApiVersion: "V3" } as const;
  return {
    node: { id: nodeId(options), cluster: workload },
    ...(adminPort !== "none" && {
      admin: { address: { socketAddress: { address: "127.0.0.1", portValue: adminPort } } },
    }),
    layeredRuntime: {
      layers: [
        {
          name: "meaning",
          // Istio's own values: they change what requests mean (`decide` drops a fragment where Envoy alone refuses it).
          staticLayer: {
            "re2.max_program_size.error_level": "32768",
            "envoy.reloadable_features.http_reject_path_with_fragment": false,
          },
        },
        { name: "admin", adminLayer: {} },
      ],
    },
    ...(source.kind === "files"
      ? {
          dynamicResources: {
            cdsConfig: { pathConfigSource: { path: "./cds.json" }, resourceApiVersion: "V3" },
            ldsConfig: { pathConfigSource: { path: "./lds.json" }, resourceApiVersion: "V3" },
          },
        }
      : {
          dynamicResources: {
            cdsConfig: ads,
            ldsConfig: ads,
            adsConfig: {
              apiType: "DELTA_GRPC",
              transportApiVersion: "V3",
              setNodeOnFirstMessageOnly: true,
              grpcServices: [
                { envoyGrpc: { clusterName: controlCluster, retryPolicy: { retryBackOff: reconnection } } },
              ],
            },
          },
          staticResources: { clusters: [securedCluster(controlCluster, source, platform)] },
        }),
  };
};

/** Where mesh-control is found, and how a proxy and it prove themselves to each other. */
export const securedCluster = (
  name: string,
  {
    address,
    port,
    identityFolder,
  }: Pick<BootstrapOptions["source"] & { readonly kind: "control" }, "address" | "port" | "identityFolder">,
  { trustDomain }: Pick<Platform, "trustDomain">,
): Cluster => {
  return {
    name,
    type: "STRICT_DNS",
    connectTimeout: "1s",
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address, portValue: port } } } }] }],
    },
    typedExtensionProtocolOptions: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        { explicitHttpConfig: { http2ProtocolOptions: { connectionKeepalive: { interval: "30s", timeout: "10s" } } } },
      ),
    },
    transportSocket: {
      name: "envoy.transport_sockets.tls",
      typedConfig: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
        commonTlsContext: {
          tlsParams: { tlsMinimumProtocolVersion: "TLSv1_3", tlsMaximumProtocolVersion: "TLSv1_3" },
          alpnProtocols: ["h2"],
          tlsCertificateSdsSecretConfigs: [secretIn(identityFolder, ownCertificate)],
          combinedValidationContext: {
            defaultValidationContext: {
              matchTypedSubjectAltNames: [{ sanType: "URI", matcher: { exact: controlIdentity(trustDomain) } }],
            },
            validationContextSdsSecretConfig: secretIn(identityFolder, trustedRoots),
          },
        },
        sni: controlCluster,
      }),
    },
  };
};
