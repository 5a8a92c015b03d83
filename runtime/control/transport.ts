import { experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { Authority, Issued } from "./identity/index.ts";

type CertificateProvider = experimental.CertificateProvider;

/** The server side of mTLS: its certificate is renewed at half its life, and roots come and go, without a restart. */
export interface Transport {
  readonly credentials: ServerCredentials;
  readonly close: () => void;
}

/** How long after a failure it is tried again to renew. */
const retryMs = 10_000;
/** Timers of node end at 2^31 ms; a later one would run at once. */
const longestDelay = 2 ** 31 - 1;

/** `names` are the DNS names and addresses under which clients find this server. */
export const transport = async (
  authority: Authority,
  names: readonly string[],
  failed: (error: unknown) => void,
): Promise<Transport> => {
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const ownListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  let own: Issued = await authority.server(names);
  let timer: NodeJS.Timeout | undefined;

  const ca = () => ({ caCertificate: Buffer.from(authority.roots()) });
  const identity = () => ({
    certificate: Buffer.from(own.certificateChain),
    privateKey: Buffer.from(own.privateKey),
  });
  const scheduled = (delay: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void renewed(), Math.min(Math.max(delay, 0), longestDelay)).unref();
  };
  const renewed = async (): Promise<void> => {
    try {
      own = await authority.server(names);
      for (const listener of ownListeners) listener(identity());
      scheduled(own.renewAt - Date.now());
    } catch (error) {
      failed(error);
      scheduled(retryMs);
    }
  };
  scheduled(own.renewAt - Date.now());
  let signer = authority.signer();
  const unsubscribed = authority.onRoots(() => {
    for (const listener of caListeners) listener(ca());
    if (authority.signer() === signer) return;
    signer = authority.signer();
    void renewed();
  });

  const provider: CertificateProvider = {
    addCaCertificateListener: (listener) => {
      caListeners.add(listener);
      // gRPC listens to its credentials only once this has returned.
      queueMicrotask(() => listener(ca()));
    },
    removeCaCertificateListener: (listener) => void caListeners.delete(listener),
    addIdentityCertificateListener: (listener) => {
      ownListeners.add(listener);
      queueMicrotask(() => listener(identity()));
    },
    removeIdentityCertificateListener: (listener) => void ownListeners.delete(listener),
  };
  return {
    credentials: experimental.createCertificateProviderServerCredentials(provider, provider, true),
    close: () => {
      clearTimeout(timer);
      unsubscribed();
    },
  };
};
