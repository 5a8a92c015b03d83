import type { KubernetesAnswer, KubernetesApi } from "../kubernetes/api.ts";
import { stored, type KeyStore } from "./store.ts";

interface Secret {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * A Kubernetes secret, read from and written to the API server. A write names the version that it builds on, and the API
 * server refuses it with 409 when there is a newer one (Kubernetes API conventions, "Concurrency control").
 */
export const keySecret = (
  api: KubernetesApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): KeyStore => {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const place = `the secret ${namespace}/${name}`;
  const unexpected = (did: string, { status }: KubernetesAnswer): Error =>
    new Error(`${place} cannot be ${did}: the API server answered ${status}`);
  return {
    place,
    async read() {
      const answer = await api("GET", path);
      if (answer.status === 404) return undefined;
      const secret = answer.body as Secret | undefined;
      const version = secret?.metadata?.resourceVersion;
      if (answer.status !== 200 || version === undefined) throw unexpected("read", answer);
      const data = Object.entries(secret?.data ?? {});
      return stored(new Map(data.map(([file, base64]) => [file, Buffer.from(base64, "base64").toString()])), version);
    },
    async write(files, seen) {
      const data: Record<string, string | null> = {};
      for (const file of seen?.names ?? []) if (ours.test(file)) data[file] = null;
      for (const [file, text] of files) data[file] = Buffer.from(text).toString("base64");
      const answer =
        seen === undefined
          ? await api("POST", collection, { apiVersion: "v1", kind: "Secret", metadata: { name }, data })
          : await api(
              "PATCH",
              path,
              { metadata: { resourceVersion: seen.version }, data },
              "application/merge-patch+json",
            );
      if (answer.status === 409) return "outdated";
      if (answer.status !== 200 && answer.status !== 201) throw unexpected("written", answer);
      return "written";
    },
  };
};

/** Whatever else somebody keeps in the secret stays. */
const ours = /^((ca|next|old)\.(crt|key)|rotation\.json)$/;
