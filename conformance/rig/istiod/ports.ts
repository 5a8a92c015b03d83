/** Where Istio keeps what holds for all namespaces. */
export const rootNamespace = "istio-system";

/** Always the same: a control plane has its network namespace for itself. */
export const ports = { etcd: 2379, etcdPeer: 2380, api: 6443, discovery: 15010, debug: 15014, webhook: 15017 } as const;
