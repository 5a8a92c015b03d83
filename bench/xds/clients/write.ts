import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { Write } from "./messages.ts";

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

/** One kept connection, as a controller has it: no handshake is measured. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Makes a change as its author would; resolves when the file is closed or the API server has answered. */
export const written = async (write: Write): Promise<void> => {
  if (write.kind === "file") return writeFileSync(write.path, write.text);
  const { clusters, users } = JSON.parse(readFileSync(write.kubeconfig, "utf8")) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error(`${write.kubeconfig} is no kubeconfig`);
  await new Promise<void>((resolve, reject) => {
    const asked = request(
      `${cluster.server}${write.path}`,
      {
        agent,
        method: "PATCH",
        ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
        headers: {
          authorization: `Bearer ${user.token}`,
          "content-type": "application/apply-patch+yaml",
          "content-length": Buffer.byteLength(write.body),
        },
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () =>
          (response.statusCode ?? 500) < 300 ? resolve() : reject(new Error(`the API server says: ${text}`)),
        );
      },
    );
    asked.on("error", reject);
    asked.end(write.body);
  });
};
