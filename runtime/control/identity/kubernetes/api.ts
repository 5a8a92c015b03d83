import { readFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { hostAndPort } from "../../../host-and-port.ts";

/** How an API server is reached; the token is asked for each time, because a projected one is replaced. */
export interface KubernetesAccess {
  /** `https://10.0.0.1:443` */
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  readonly token: () => string | Promise<string>;
}

export interface KubernetesAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** One request with an answer of any status. Rejects in words on timeout, too long an answer or no connection. */
export type KubernetesApi = (
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: unknown,
  contentType?: string,
) => Promise<KubernetesAnswer>;

const mounted = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The access that every pod has (Kubernetes, "Accessing the API from a Pod"); undefined outside of a cluster. */
export const inClusterAccess = async (folder = mounted): Promise<KubernetesAccess | undefined> => {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  const authority = await readFile(join(folder, "ca.crt"), "utf8").catch(() => undefined);
  if (host === undefined || authority === undefined) return undefined;
  return {
    url: `https://${hostAndPort({ address: host, port: Number(port) })}`,
    authority,
    token: async () => (await readFile(join(folder, "token"), "utf8")).trim(),
  };
};

/** A client of a page: three calls do not carry a library, and `fetch` takes no authority of its own. */
export const kubernetesApi =
  (access: KubernetesAccess, { timeoutMs = 5000, longest = 1_048_576 } = {}): KubernetesApi =>
  async (method, path, body, contentType = "application/json") => {
    const token = await access.token();
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        new URL(path, access.url),
        {
          method,
          ca: access.authority,
          agent: false,
          headers: {
            authorization: `Bearer ${token}`,
            accept: "application/json",
            ...(text === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(text) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on("data", (chunk: Buffer) => {
            length += chunk.length;
            if (length > longest) request.destroy(new Error("the API server's answer is too long"));
            else chunks.push(chunk);
          });
          response.on("error", failed);
          response.on("end", () => {
            clearTimeout(timer);
            resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString()) });
          });
        },
      );
      // A timeout of the whole: one of the socket alone starts anew with every byte.
      const timer = setTimeout(
        () => request.destroy(new Error(`the API server did not answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const failed = (error: Error) => {
        clearTimeout(timer);
        reject(error);
      };
      request.on("error", failed);
      request.end(text);
    });
  };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
